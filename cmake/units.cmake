# A unit is a family of files side by side: x.h, x.cc, x.test.cc, x.perf.cc. These helpers collect
# them per folder, so that a new unit needs no edit of a build file.

# The folders of src/mho in dependency order. A folder may include only folders named before it;
# tools/check_structure.py (a test) enforces this list.
set(MHO_CORE_FOLDERS util io random kernels device convert array tile train adapt net features cost compat analysis report)
# The sanitizer presets build and test the numeric core and the parsers only: a list of folders that
# is complete up to its last one.
set(MHO_TEST_FOLDERS "" CACHE STRING "Folders that are built and tested; empty = everything")
if(MHO_TEST_FOLDERS)
  set(MHO_CORE_FOLDERS ${MHO_TEST_FOLDERS})
endif()

function(mho_sources out folder)
  file(GLOB all CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/mho/${folder}/*.cc)
  list(FILTER all EXCLUDE REGEX "\\.(test|perf)\\.cc$")
  set(${out} ${all} PARENT_SCOPE)
endfunction()

function(mho_test_sources out folder)
  file(GLOB all CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/mho/${folder}/*.test.cc)
  set(${out} ${all} PARENT_SCOPE)
endfunction()

# Files of a folder compile in pieces of up to `size`, as even as they go: most of the time of a small
# file is its headers and the templates that its neighbours use as well. So names in unnamed namespaces
# are unique within a folder. A file of Highway includes itself once per target and stays alone. Whoever
# edits one file again and again is better off with -DMHO_UNITY=OFF.
option(MHO_UNITY "Compile the files of a folder in pieces of several" ON)
function(mho_unity target size)
  if(NOT MHO_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # A private struct of one file with a member from its unnamed namespace looks like one of a header.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
  set(folders "")
  foreach(source ${ARGN})
    file(STRINGS ${source} targets REGEX "foreach_target\\.h" LIMIT_COUNT 1)
    if(targets)
      set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    else()
      cmake_path(GET source PARENT_PATH path)
      cmake_path(GET path FILENAME folder)
      list(APPEND folders ${folder})
      list(APPEND of_${folder} ${source})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES folders)
  foreach(folder ${folders})
    list(LENGTH of_${folder} files)
    math(EXPR pieces "(${files} + ${size} - 1) / ${size}")
    set(count 0)
    foreach(source ${of_${folder}})
      math(EXPR piece "${count} * ${pieces} / ${files}")
      math(EXPR count "${count} + 1")
      set_source_files_properties(${source} PROPERTIES UNITY_GROUP "${folder}_${piece}")
    endforeach()
  endforeach()
endfunction()

# What waits for a user, a file or a compiler more than it computes: -O1, half of the time to build it.
# These folders of the core, the commands, the tests.
set(MHO_LIGHT_FOLDERS io cost compat analysis report)
function(mho_light target)
  if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT MHO_SANITIZE)
    target_compile_options(${target} PRIVATE -O1)
  endif()
endfunction()
