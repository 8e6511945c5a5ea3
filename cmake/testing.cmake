# How a room adds its tests. Debian's Catch2 brings a compiled main; compiling another would cost 15 s.

# moldau_add_test_room(<room> <file>...): one executable moldau_test_<room>, one ctest test per TEST_CASE, labelled <room>.
function(moldau_add_test_room room)
  moldau_add_catch_executable(moldau_test_${room} ${room} ${ARGN})
endfunction()

# moldau_add_interop_tests(<name> <file>...): the same for tests that need other runtimes; `test/run --interop` runs them.
function(moldau_add_interop_tests name)
  moldau_add_catch_executable(moldau_interop_${name} interop ${ARGN})
endfunction()

function(moldau_add_catch_executable target label)
  add_executable(${target} ${ARGN})
  moldau_configure_target(${target})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/test ${PROJECT_SOURCE_DIR}/lib)
  target_link_libraries(${target} PRIVATE moldau $<TARGET_NAME_IF_EXISTS:moldau_testing> Catch2::Catch2WithMain
                        absl::flat_hash_map absl::str_format absl::strings Threads::Threads)
  # "--warn NoTests": a name that Catch2 cannot find again fails instead of passing silently.
  catch_discover_tests(${target} TEST_PREFIX "${label}: " DISCOVERY_MODE PRE_TEST EXTRA_ARGS --warn NoTests
                       PROPERTIES LABELS ${label} TIMEOUT 600)
endfunction()
