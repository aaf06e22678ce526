# `cmake --install`: the program, and the core as a package for find_package(mho), target mho::core.
include(CMakePackageConfigHelpers)
set(MHO_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/mho)

install(TARGETS mho RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
set_target_properties(mho_core PROPERTIES EXPORT_NAME core)
target_compile_features(mho_core PUBLIC cxx_std_20)
install(TARGETS mho_core EXPORT mho-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
# Not installed: what tests share, and what exposes nlohmann/json or Highway. (adc_json.h takes and
# gives texts.) The test below includes every header of the installed copy.
foreach(folder ${MHO_CORE_FOLDERS})
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/mho/${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mho
    FILES_MATCHING PATTERN "*.h"
    PATTERN "*test*" EXCLUDE PATTERN "*_internal.h" EXCLUDE PATTERN "*_impl.h" EXCLUDE
    PATTERN "*-inl.h" EXCLUDE PATTERN "golden_support.h" EXCLUDE PATTERN "xml_check.h" EXCLUDE
    PATTERN "json.h" EXCLUDE PATTERN "*_json.h" EXCLUDE PATTERN "json_node.h" EXCLUDE
    PATTERN "simd.h" EXCLUDE)
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/src/mho/convert/adc_json.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mho/convert)
install(EXPORT mho-targets NAMESPACE mho:: DESTINATION ${MHO_CMAKE_DIR})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/mho-config.cmake.in
  ${CMAKE_BINARY_DIR}/mho-config.cmake INSTALL_DESTINATION ${MHO_CMAKE_DIR})
# Before version 1 a minor version may change the interface.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/mho-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/mho-config.cmake ${CMAKE_BINARY_DIR}/mho-config-version.cmake
  DESTINATION ${MHO_CMAKE_DIR})

if(MHO_TESTS AND NOT MHO_SANITIZE)
  add_test(NAME package.installs_and_builds_a_program COMMAND ${CMAKE_COMMAND}
    -DBUILD=${CMAKE_BINARY_DIR} -DSOURCE=${PROJECT_SOURCE_DIR}/tests/install
    -DWORK=${CMAKE_BINARY_DIR}/install-test -DCOMPILER=${CMAKE_CXX_COMPILER}
    -P ${PROJECT_SOURCE_DIR}/cmake/check_package.cmake)
  set_tests_properties(package.installs_and_builds_a_program PROPERTIES TIMEOUT 600)
endif()
