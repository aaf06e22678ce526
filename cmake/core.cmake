# The core: everything that neither includes nor links torch.
set(core_sources)
foreach(folder ${MHO_CORE_FOLDERS})
  mho_sources(found ${folder})
  list(APPEND core_sources ${found})
endforeach()

# Presets are JSON files embedded into the library, so that an installed binary needs no data folder.
file(GLOB MHO_PRESET_FILES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/presets/*.json
  ${PROJECT_SOURCE_DIR}/presets/devices/*.json ${PROJECT_SOURCE_DIR}/presets/training/*.json
  ${PROJECT_SOURCE_DIR}/presets/cost/*.json)
set(MHO_PRESETS_CC ${CMAKE_BINARY_DIR}/generated/embedded_presets.cc)
add_custom_command(
  OUTPUT ${MHO_PRESETS_CC}
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${MHO_PRESETS_CC} -DFOLDER=${PROJECT_SOURCE_DIR}/presets
          -P ${PROJECT_SOURCE_DIR}/cmake/embed_presets.cmake
  DEPENDS ${MHO_PRESET_FILES} ${PROJECT_SOURCE_DIR}/cmake/embed_presets.cmake)

if(NOT MHO_TEST_FOLDERS)
  list(APPEND core_sources ${MHO_PRESETS_CC})
endif()
add_library(mho_core STATIC ${core_sources})
add_library(mho::core ALIAS mho_core)
target_include_directories(mho_core PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
  PRIVATE ${CMAKE_BINARY_DIR}/generated)
target_include_directories(mho_core SYSTEM PRIVATE ${MHO_HWY_INCLUDE} ${MHO_NLOPT_INCLUDE})
target_link_libraries(mho_core
  PUBLIC $<BUILD_INTERFACE:mho_flags>
  PRIVATE nlohmann_json::nlohmann_json fmt::fmt ZLIB::ZLIB BZip2::BZip2 LibLZMA::LibLZMA
          $<BUILD_INTERFACE:${MHO_HWY_LIBRARY}> $<INSTALL_INTERFACE:mho::hwy>
          $<BUILD_INTERFACE:${MHO_NLOPT_LIBRARY}> $<INSTALL_INTERFACE:mho::nlopt> OpenMP::OpenMP_CXX Threads::Threads)
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/mho/analysis/results.cc PROPERTIES
  COMPILE_DEFINITIONS MHO_VERSION="${PROJECT_VERSION}")
set_target_properties(mho_core PROPERTIES POSITION_INDEPENDENT_CODE ON)
