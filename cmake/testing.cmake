# How tests are added. Debian's Catch2 brings a compiled main; compiling another would cost 15 s.

set(MOLDAU_TEST_TIMEOUT 600 CACHE STRING "Seconds that a test may take")

# moldau_add_test_room(<room> <file>...): one executable moldau_test_<room>, one ctest test per TEST_CASE, labelled <room>.
function(moldau_add_test_room room)
  moldau_add_catch_executable(moldau_test_${room} ${room} moldau ${ARGN})
endfunction()

# moldau_add_interop_tests(<name> <file>...): tests that need other runtimes; only `test/run --interop` runs them.
function(moldau_add_interop_tests name)
  if(NOT MOLDAU_SANITIZE)
    moldau_add_catch_executable(moldau_interop_${name} interop moldau ${ARGN})
  endif()
endfunction()

# moldau_add_named_bug_tests(<file>...): tests against a second build of the library in which known mistakes can be switched
# on (lib/base/named_bug.h). They prove that the suite would notice each.
function(moldau_add_named_bug_tests)
  if(NOT MOLDAU_SANITIZE)
    get_target_property(sources moldau SOURCES)
    get_target_property(libraries moldau LINK_LIBRARIES)
    add_library(moldau_with_named_bugs STATIC ${sources})
    moldau_configure_target(moldau_with_named_bugs)
    target_compile_definitions(moldau_with_named_bugs PUBLIC MOLDAU_TEST_NAMED_BUGS)
    target_include_directories(moldau_with_named_bugs PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/lib)
    target_link_libraries(moldau_with_named_bugs PUBLIC ${libraries})
    moldau_add_catch_executable(moldau_test_bugs bugs moldau_with_named_bugs ${ARGN})
  endif()
endfunction()

# moldau_add_test_program(<name> <file>...): the program moldau_<name>, which tests run as a process of its own (to kill it, for
# example); a test gets its path as a definition: target_compile_definitions(moldau_test_log PRIVATE
# WRITER="$<TARGET_FILE:moldau_writer>").
function(moldau_add_test_program name)
  add_executable(moldau_${name} ${ARGN})
  moldau_configure_target(moldau_${name})
  target_include_directories(moldau_${name} PRIVATE ${PROJECT_SOURCE_DIR}/test ${PROJECT_SOURCE_DIR}/lib)
  target_link_libraries(moldau_${name} PRIVATE moldau absl::str_format absl::strings Threads::Threads)
endfunction()

# moldau_add_fuzz_target(<name> <file>... [SECONDS <n>]): the libFuzzer target moldau_fuzz_<name> and a ctest test that runs
# it for MOLDAU_FUZZ_SECONDS, or for <n> (20) if that is not set. It starts from test/fuzz/corpus/<name>; what it finds stays
# in the build directory.
function(moldau_add_fuzz_target name)
  if(NOT MOLDAU_FUZZ)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 fuzz "" SECONDS "")
  if(NOT fuzz_SECONDS)
    set(fuzz_SECONDS 20)
  endif()
  set(target moldau_fuzz_${name})
  add_executable(${target} ${fuzz_UNPARSED_ARGUMENTS})
  moldau_configure_target(${target})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/test ${PROJECT_SOURCE_DIR}/lib)
  target_link_libraries(${target} PRIVATE moldau absl::str_format absl::strings)
  target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  add_test(NAME "fuzz/${name}" COMMAND ${PROJECT_SOURCE_DIR}/test/fuzz/run_target $<TARGET_FILE:${target}>
           ${PROJECT_SOURCE_DIR}/test/fuzz/corpus/${name} ${CMAKE_CURRENT_BINARY_DIR}/${name} ${fuzz_SECONDS})
  set_tests_properties("fuzz/${name}" PROPERTIES LABELS fuzz TIMEOUT 1800)
endfunction()

function(moldau_add_catch_executable target label library)
  add_executable(${target} ${ARGN})
  moldau_configure_target(${target})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/test ${PROJECT_SOURCE_DIR}/lib)
  target_compile_definitions(${target} PRIVATE MOLDAU_TEST_DIR="${PROJECT_SOURCE_DIR}/test")
  if(library STREQUAL "moldau" AND TARGET moldau_testing)
    target_link_libraries(${target} PRIVATE moldau_testing)
  endif()
  target_link_libraries(${target} PRIVATE ${library} Catch2::Catch2WithMain absl::flat_hash_map absl::str_format
                        absl::strings Threads::Threads)
  set(prefix "${label}/")
  if(MOLDAU_SANITIZE)
    set(prefix "${MOLDAU_SANITIZE}/${label}/")
  endif()
  # "--warn NoTests": a name that Catch2 cannot find again fails instead of passing silently.
  catch_discover_tests(${target} TEST_PREFIX "${prefix}" EXTRA_ARGS --warn NoTests
                       PROPERTIES LABELS ${label} TIMEOUT ${MOLDAU_TEST_TIMEOUT})
endfunction()
