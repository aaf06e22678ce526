# A unit is a family of files side by side: x.h, x.cc, x.test.cc, x.perf.cc. These helpers collect
# them per folder, so that a new unit needs no edit of a build file.

# The folders of src/mho in dependency order. A folder may include only folders named before it;
# tools/check_structure.py (a test) enforces this list.
set(MHO_CORE_FOLDERS util io random kernels device convert array tile train adapt net features cost compat analysis report)

function(mho_sources out folder)
  file(GLOB all CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/mho/${folder}/*.cc)
  list(FILTER all EXCLUDE REGEX "\\.(test|perf)\\.cc$")
  set(${out} ${all} PARENT_SCOPE)
endfunction()

function(mho_test_sources out folder)
  file(GLOB all CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/mho/${folder}/*.test.cc)
  set(${out} ${all} PARENT_SCOPE)
endfunction()
