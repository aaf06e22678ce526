# Examples are built with the tests; the output of each is compared with the file beside it.
file(GLOB example_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.cc)
foreach(source ${example_sources})
  get_filename_component(name ${source} NAME_WE)
  # What trains networks needs LibTorch.
  file(STRINGS ${source} trains REGEX "mho/nn/")
  if(trains AND NOT MHO_WITH_TORCH)
    continue()
  endif()
  add_executable(example_${name} ${source})
  target_link_libraries(example_${name} PRIVATE mho_core)
  if(trains)
    target_link_libraries(example_${name} PRIVATE mho_nn)
  endif()
  add_test(NAME example.${name} COMMAND ${CMAKE_COMMAND}
    -DPROGRAM=$<TARGET_FILE:example_${name}>
    -DEXPECTED=${PROJECT_SOURCE_DIR}/examples/${name}.expected
    -P ${PROJECT_SOURCE_DIR}/cmake/compare_output.cmake)
endforeach()
