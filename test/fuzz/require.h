// What a fuzz target asserts: it stays on in every build, and the fuzzer keeps the input that broke it.
//
// Threads: any.   Ownership: none.   Failure: aborts.
#pragma once

#include <cstdio>
#include <cstdlib>

#define MOLDAU_REQUIRE(condition)                                                         \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)
