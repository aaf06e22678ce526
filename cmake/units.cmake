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

# Files compile in even pieces of at most about `kilobytes`, in the order given: most of the time of a small
# file is its headers and the templates that its neighbours use as well. So names in unnamed namespaces
# are unique among the files of a target. A file of Highway includes itself once per target of its own and
# stays alone. Whoever edits one file again and again is better off with -DMHO_UNITY=OFF.
option(MHO_UNITY "Compile the files of a target in pieces of several" ON)
function(mho_unity target kilobytes)
  if(NOT MHO_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # A private struct of one file with a member from its unnamed namespace looks like one of a header.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
  set(joined "")
  set(sizes "")
  set(total 0)
  foreach(source ${ARGN})
    file(STRINGS ${source} targets REGEX "foreach_target\\.h" LIMIT_COUNT 1)
    if(targets)
      set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    else()
      file(SIZE ${source} bytes)
      list(APPEND joined ${source})
      list(APPEND sizes ${bytes})
      math(EXPR total "${total} + ${bytes}")
    endif()
  endforeach()
  math(EXPR pieces "(${total} + 1000 * ${kilobytes} - 1) / (1000 * ${kilobytes})")
  set(before 0)
  foreach(source bytes IN ZIP_LISTS joined sizes)
    # The piece in which the middle of the file lies.
    math(EXPR piece "(2 * ${before} + ${bytes}) * ${pieces} / (2 * ${total})")
    math(EXPR before "${before} + ${bytes}")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP "piece_${piece}")
  endforeach()
endfunction()

# What waits for a user, a file or a compiler more than it computes takes half of the time to build at
# `level` -Og or, where it has loops of its own, -O1: these folders of the core, the commands, the
# bindings, the tests.
set(MHO_LIGHT_FOLDERS io cost compat analysis report)
function(mho_light target level)
  if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT MHO_SANITIZE)
    target_compile_options(${target} PRIVATE ${level})
  endif()
endfunction()
