# Kernel units, one object per instruction set: diskern_isa_kernels(<target> <unit>.inc.cpp ...)
#
# A unit is compiled once per level with the flags of that level, into namespace diskern::isa_<level> (macro
# DISKERN_ISA_NAMESPACE), and fills one table of function pointers. It may include <stdint.h>, <stddef.h> and headers of
# always-inlined functions only: any other inline function could be the copy that the linker keeps for the whole program,
# and machines without the instructions then die. tests/cpp checks with nm that the objects have no weak symbol.
#
# The target learns by DISKERN_HAVE_<LEVEL>=1 which levels exist; the objects are listed in the property
# DISKERN_ISA_OBJECTS of the target for that test.
include(CheckCXXCompilerFlag)

set(DISKERN_ISA_LEVELS scalar)
set(DISKERN_ISA_FLAGS_scalar "")
string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}" _diskern_processor)
if(_diskern_processor MATCHES "^(x86_64|amd64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
  # Spelled out rather than -march=x86-64-v3, which compilers before GCC 11 and Clang 12 do not know.
  set(DISKERN_ISA_FLAGS_avx2 -mavx2 -mfma -mbmi -mbmi2 -mf16c -mlzcnt -mmovbe -mpopcnt)
  set(DISKERN_ISA_FLAGS_avx512 ${DISKERN_ISA_FLAGS_avx2} -mavx512f -mavx512bw -mavx512cd -mavx512dq -mavx512vl
      -mprefer-vector-width=512)
  foreach(_level avx2 avx512)
    string(REPLACE ";" " " _flags "${DISKERN_ISA_FLAGS_${_level}}")
    check_cxx_compiler_flag("${_flags}" DISKERN_COMPILES_${_level})
    if(DISKERN_COMPILES_${_level})
      list(APPEND DISKERN_ISA_LEVELS ${_level})
    else()
      message(STATUS "diskern: the compiler does not know ${_flags}; no ${_level} kernels")
    endif()
  endforeach()
elseif(_diskern_processor MATCHES "^(aarch64|arm64)$")
  set(DISKERN_ISA_FLAGS_neon "")  # part of the baseline of AArch64
  list(APPEND DISKERN_ISA_LEVELS neon)
endif()

function(diskern_isa_kernels target)
  foreach(level IN LISTS DISKERN_ISA_LEVELS)
    set(objects ${target}_isa_${level})
    if(NOT TARGET ${objects})
      add_library(${objects} OBJECT)
      string(TOUPPER "${level}" upper)
      target_compile_definitions(${target} PRIVATE DISKERN_HAVE_${upper}=1)
      target_compile_definitions(${objects} PRIVATE DISKERN_ISA_NAMESPACE=isa_${level})
      target_include_directories(${objects} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/include ${CMAKE_CURRENT_SOURCE_DIR}/src)
      target_link_libraries(${objects} PRIVATE diskern_flags)
      target_compile_options(${objects} PRIVATE ${DISKERN_ISA_FLAGS_${level}})
      target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
    endif()
    target_sources(${objects} PRIVATE ${ARGN})
  endforeach()
endfunction()
