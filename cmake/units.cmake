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
