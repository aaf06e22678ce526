# One test program per folder, so that a folder can be built and tested alone.
find_package(GTest REQUIRED)
include(GoogleTest)
set(MHO_TEST_DATA ${PROJECT_SOURCE_DIR}/tests/data)

function(mho_test_program name)
  cmake_parse_arguments(arg "UNITY" "" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT arg_SOURCES)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  if(arg_UNITY)
    mho_unity(${name} 60 ${arg_SOURCES})
  endif()
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} GTest::gtest_main fmt::fmt
    nlohmann_json::nlohmann_json Threads::Threads)
  target_compile_definitions(${name} PRIVATE MHO_TEST_DATA="${MHO_TEST_DATA}"
    MHO_SOURCE_DIR="${PROJECT_SOURCE_DIR}" MHO_BINARY_DIR="${CMAKE_BINARY_DIR}")
  mho_light(${name} -O1)
  # OMP_NUM_THREADS=1: two test programs at once must not fight over the cores.
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT 600 ENVIRONMENT "OMP_NUM_THREADS=1")
endfunction()

# Folders whose tests have no helpers of one name.
set(MHO_UNITY_TEST_FOLDERS util random convert adapt features cost compat analysis)
set(folders ${MHO_TEST_FOLDERS})
if(NOT folders)
  set(folders ${MHO_CORE_FOLDERS} cli nn studies whole)
endif()
foreach(folder ${MHO_CORE_FOLDERS})
  if(NOT folder IN_LIST folders)
    continue()
  endif()
  mho_test_sources(found ${folder})
  set(unity "")
  if(folder IN_LIST MHO_UNITY_TEST_FOLDERS)
    set(unity UNITY)
  endif()
  mho_test_program(test_${folder} ${unity} SOURCES ${found} LIBRARIES mho_core)
endforeach()
foreach(folder random kernels device)
  if(TARGET test_${folder})
    target_include_directories(test_${folder} SYSTEM PRIVATE ${MHO_HWY_INCLUDE})
    target_link_libraries(test_${folder} PRIVATE ${MHO_HWY_LIBRARY})
  endif()
endforeach()
# Random123 is the referee of Philox: header-only, for tests only.
find_path(MHO_RANDOM123_INCLUDE Random123/philox.h)
if(TARGET test_random AND MHO_RANDOM123_INCLUDE)
  target_include_directories(test_random SYSTEM PRIVATE ${MHO_RANDOM123_INCLUDE})
  target_compile_definitions(test_random PRIVATE MHO_HAVE_RANDOM123=1)
endif()
# What belongs to no single folder: properties of the whole path, refusals, threads, kept files.
file(GLOB found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/whole/*.test.cc)
if(whole IN_LIST folders)
  mho_test_program(test_whole SOURCES ${found} LIBRARIES mho_cli)
endif()
# Seeds and findings of the fuzzers (cmake/fuzz.cmake), replayed without libFuzzer: their functions
# get names of their own, and one program runs them all.
if(whole IN_LIST folders AND NOT MHO_FUZZ)
  file(GLOB fuzz_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fuzz/fuzz_*.cc)
  set(fuzzers "")
  foreach(source ${fuzz_sources})
    get_filename_component(name ${source} NAME_WE)
    string(REGEX REPLACE "^fuzz_" "" name ${name})
    string(APPEND fuzzers "MHO_FUZZER(${name})\n")
    set_source_files_properties(${source} PROPERTIES
      COMPILE_DEFINITIONS LLVMFuzzerTestOneInput=mho_fuzz_${name})
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/fuzz/fuzzers.inc CONTENT "${fuzzers}")
  mho_test_program(test_fuzz SOURCES ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.test.cc ${fuzz_sources}
    LIBRARIES mho_cli)
  target_include_directories(test_fuzz PRIVATE ${CMAKE_BINARY_DIR}/generated/fuzz)
endif()
set(found)
if(cli IN_LIST folders)
  mho_test_sources(found cli)
endif()
mho_test_program(test_cli SOURCES ${found} LIBRARIES mho_cli)
if(TARGET test_cli)
  add_dependencies(test_cli mho)
  if(MHO_WITH_TORCH)
    target_compile_definitions(test_cli PRIVATE MHO_WITH_TORCH=1)
  endif()
endif()
if(MHO_WITH_TORCH)
  mho_test_sources(found nn)
  mho_test_program(test_nn SOURCES ${found} LIBRARIES mho_nn)
  if(TARGET test_nn)
    target_compile_options(test_nn PRIVATE -Wno-pedantic -Wno-shadow -Wno-old-style-cast
      -Wno-unused-parameter -Wno-overloaded-virtual -Wno-non-virtual-dtor
      -Wno-deprecated-declarations -Wno-extra)
    if(MHO_SANITIZE_TORCH)
      target_compile_options(test_nn PRIVATE -fsanitize=${MHO_SANITIZE_TORCH}
        -fno-omit-frame-pointer -g1 -fno-sanitize-recover=undefined -O1)
    endif()
  endif()
  set(found)
  if(studies IN_LIST folders)
    mho_test_sources(found studies)
  endif()
  mho_test_program(test_studies SOURCES ${found} LIBRARIES mho_studies)
endif()

# The core is linked by programs that have another torch, or none: no symbol and no library of torch
# may be in it. Without LibTorch that holds for the program too.
find_program(MHO_NM nm)
find_program(MHO_READELF readelf)
if(MHO_NM AND MHO_READELF AND TARGET mho)
  set(no_torch_files $<TARGET_FILE:mho_core> $<TARGET_FILE:mho_cli>)
  if(NOT MHO_WITH_TORCH)
    list(APPEND no_torch_files $<TARGET_FILE:mho>)
  endif()
  add_test(NAME structure.no_torch_in_core
    COMMAND ${CMAKE_COMMAND} "-DFILES=${no_torch_files}" -DNM=${MHO_NM} -DREADELF=${MHO_READELF}
      -P ${PROJECT_SOURCE_DIR}/cmake/check_no_torch.cmake)
endif()

if(NOT MHO_WITH_TORCH AND TARGET mho)
  add_test(NAME program.says_that_train_needs_torch COMMAND mho train run.json)
  set_tests_properties(program.says_that_train_needs_torch PROPERTIES
    PASS_REGULAR_EXPRESSION "built without LibTorch")
endif()

add_test(NAME structure.include_order
  COMMAND python3 ${PROJECT_SOURCE_DIR}/tools/check_structure.py ${PROJECT_SOURCE_DIR})
add_test(NAME structure.training_presets
  COMMAND python3 ${PROJECT_SOURCE_DIR}/tools/make_training_presets.py --check)
