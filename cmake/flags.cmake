# Compiler flags shared by every target of the project.
#
# x86-64-v3 (AVX2 and FMA, any PC since about 2013) is the baseline: bits are equal on every machine
# with fused multiply-add and differ without it. Contraction of a*b+c is off, so that the scalar
# twins and the vector kernels do exactly the operations that are written. (AES and PCLMUL belong to
# what Highway calls its AVX2 target.)
add_library(mho_flags INTERFACE)
target_compile_options(mho_flags INTERFACE
  -march=x86-64-v3 -maes -mpclmul -ffp-contract=off -fno-math-errno
  -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
  -Wnull-dereference -Werror)
# In a piece of several files (mho_unity) a local name may be that of a constant of another file.
set(in_pieces $<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>)
target_compile_options(mho_flags INTERFACE
  $<IF:${in_pieces},$<$<CXX_COMPILER_ID:GNU>:-Wshadow=local>,-Wshadow>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports null dereferences and overflows inside inlined library code at -O3.
  target_compile_options(mho_flags INTERFACE -Wno-null-dereference -Wno-stringop-overflow
    -Wno-array-bounds -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overread)
else()
  # std::stable_sort of libstdc++ 12 uses a function that the library itself calls deprecated.
  target_compile_options(mho_flags INTERFACE -Wno-deprecated-declarations)
endif()
if(MHO_SANITIZE)
  target_compile_options(mho_flags INTERFACE -fsanitize=${MHO_SANITIZE} -fno-omit-frame-pointer -g1
    -fno-sanitize-recover=all)
  target_link_options(mho_flags INTERFACE -fsanitize=${MHO_SANITIZE})
  target_compile_definitions(mho_flags INTERFACE MHO_SANITIZED)
endif()
# Sanitized builds are for finding faults: -O1 halves the time to build them.
if(MHO_SANITIZE)
  set(CMAKE_CXX_FLAGS_RELEASE "-O1 -DNDEBUG")
else()
  set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG")
endif()
