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
# An object library each: sources of one that holds objects of the other would wait for all of these.
function(mho_core_objects name)
  add_library(${name} OBJECT ${ARGN})
  mho_unity(${name} 290 ${ARGN})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
  target_include_directories(${name} SYSTEM PRIVATE ${MHO_HWY_INCLUDE} ${MHO_NLOPT_INCLUDE})
  target_link_libraries(${name} PRIVATE mho_flags ${core_libraries} OpenMP::OpenMP_CXX)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_sources(mho_core PRIVATE $<TARGET_OBJECTS:${name}>)
endfunction()

add_library(mho_core STATIC)
add_library(mho::core ALIAS mho_core)
mho_core_objects(mho_core_hot ${core_sources})
if(NOT MHO_TEST_FOLDERS)
  target_sources(mho_core_hot PRIVATE ${MHO_PRESETS_CC})
endif()
if(light_sources)
  mho_core_objects(mho_core_light ${light_sources})
  mho_light(mho_core_light -Og)
  target_compile_definitions(mho_core_light PRIVATE MHO_VERSION="${PROJECT_VERSION}")
endif()
set_target_properties(mho_core PROPERTIES LINKER_LANGUAGE CXX)
target_include_directories(mho_core PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(mho_core
  PUBLIC $<BUILD_INTERFACE:mho_flags>
  PRIVATE ${core_libraries}
          $<BUILD_INTERFACE:${MHO_HWY_LIBRARY}> $<INSTALL_INTERFACE:mho::hwy>
          $<BUILD_INTERFACE:${MHO_NLOPT_LIBRARY}> $<INSTALL_INTERFACE:mho::nlopt> OpenMP::OpenMP_CXX Threads::Threads)
