# How Moldau's own targets are compiled. Flags are set per target, never globally: a project that adds Moldau as a
# sub-directory keeps its own.

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(MOLDAU_CCACHE ccache)
  mark_as_advanced(MOLDAU_CCACHE)
  if(MOLDAU_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${MOLDAU_CCACHE})
  endif()
endif()

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ${MOLDAU_DEVELOPER})

set(moldau_warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
    -Wno-missing-field-initializers  # an aggregate of options is meant to be initialised in part
    $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety> -Werror)
# GCC's guess at what may be uninitialised is wrong more often than right in instrumented code; valgrind knows.
set(moldau_sanitize_both -fno-omit-frame-pointer $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
set(moldau_sanitize_address -fsanitize=address,undefined -fno-sanitize-recover=all ${moldau_sanitize_both})
set(moldau_sanitize_thread -fsanitize=thread ${moldau_sanitize_both})
if(MOLDAU_SANITIZE AND NOT DEFINED moldau_sanitize_${MOLDAU_SANITIZE})
  message(FATAL_ERROR "MOLDAU_SANITIZE is \"${MOLDAU_SANITIZE}\"; it may be \"address\", \"thread\" or empty")
endif()
if(MOLDAU_FUZZ AND NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "MOLDAU_FUZZ needs clang, the compiler is ${CMAKE_CXX_COMPILER_ID}; use the preset \"fuzz\"")
endif()

# Compiles `target` the way all of Moldau is compiled: C++20 without extensions, and what the options ask for.
function(moldau_configure_target target)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  target_compile_features(${target} PUBLIC cxx_std_20)
  if(MOLDAU_DEVELOPER)
    target_compile_options(${target} PRIVATE ${moldau_warnings})
  endif()
  if(MOLDAU_SANITIZE)
    target_compile_options(${target} PRIVATE ${moldau_sanitize_${MOLDAU_SANITIZE}})
    target_link_options(${target} PRIVATE ${moldau_sanitize_${MOLDAU_SANITIZE}})
  endif()
  if(MOLDAU_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()
