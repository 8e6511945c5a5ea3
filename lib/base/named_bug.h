// Known mistakes of systems of this kind, each behind a switch of a test build, so that a test can prove that the suite
// would notice. In every other build MOLDAU_NAMED_BUG(x) is the constant false and costs nothing.
//
// A test build defines MOLDAU_TEST_NAMED_BUGS and chooses one bug at a time by base::SetNamedBug("M1").
//
// Threads: the choice is made while nothing runs.   Source: the numbers are listed in test/bugs/README.md.
#pragma once

#ifdef MOLDAU_TEST_NAMED_BUGS
#include <string_view>
namespace moldau::base {
void SetNamedBug(std::string_view name);
[[nodiscard]] bool NamedBugIs(std::string_view name);
}  // namespace moldau::base
#define MOLDAU_NAMED_BUG(name) (::moldau::base::NamedBugIs(#name))
#else
#define MOLDAU_NAMED_BUG(name) (false)
#endif
