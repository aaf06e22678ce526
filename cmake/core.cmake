# The core: everything that neither includes nor links torch.
set(core_sources)
set(light_sources)
foreach(folder ${MHO_CORE_FOLDERS})
  mho_sources(found ${folder})
  if(folder IN_LIST MHO_LIGHT_FOLDERS)
    list(APPEND light_sources ${found})
  else()
    list(APPEND core_sources ${found})
  endif()
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

set(core_libraries nlohmann_json::nlohmann_json fmt::fmt ZLIB::ZLIB BZip2::BZip2 LibLZMA::LibLZMA)
add_library(mho_core STATIC ${core_sources})
add_library(mho::core ALIAS mho_core)
mho_unity(mho_core 30 ${core_sources})
if(NOT MHO_TEST_FOLDERS)
  target_sources(mho_core PRIVATE ${MHO_PRESETS_CC})
endif()
target_include_directories(mho_core PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
  PRIVATE ${CMAKE_BINARY_DIR}/generated)
target_include_directories(mho_core SYSTEM PRIVATE ${MHO_HWY_INCLUDE} ${MHO_NLOPT_INCLUDE})
target_link_libraries(mho_core
  PUBLIC $<BUILD_INTERFACE:mho_flags>
  PRIVATE ${core_libraries}
          $<BUILD_INTERFACE:${MHO_HWY_LIBRARY}> $<INSTALL_INTERFACE:mho::hwy>
          $<BUILD_INTERFACE:${MHO_NLOPT_LIBRARY}> $<INSTALL_INTERFACE:mho::nlopt> OpenMP::OpenMP_CXX Threads::Threads)
if(light_sources)
  add_library(mho_core_light OBJECT ${light_sources})
  mho_unity(mho_core_light 30 ${light_sources})
  mho_light(mho_core_light)
  target_compile_definitions(mho_core_light PRIVATE MHO_VERSION="${PROJECT_VERSION}")
  target_include_directories(mho_core_light PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(mho_core_light PRIVATE mho_flags ${core_libraries} OpenMP::OpenMP_CXX)
  set_target_properties(mho_core_light PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_sources(mho_core PRIVATE $<TARGET_OBJECTS:mho_core_light>)
endif()
set_target_properties(mho_core PROPERTIES POSITION_INDEPENDENT_CODE ON)
# Every vector operation of these is written out: -O3 finds no more in them and takes twice as long.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT MHO_SANITIZE)
  set_source_files_properties(${PROJECT_SOURCE_DIR}/src/mho/device/pulse_kernel.cc
    ${PROJECT_SOURCE_DIR}/src/mho/device/pulse_line_kernel.cc PROPERTIES COMPILE_OPTIONS -O2)
endif()
