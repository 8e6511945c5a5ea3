#include "base/named_bug.h"

#ifdef MOLDAU_TEST_NAMED_BUGS

#include <string>

namespace moldau::base {
namespace {

std::string& Chosen() {
  static std::string name;
  return name;
}

}  // namespace

void SetNamedBug(std::string_view name) { Chosen() = name; }

bool NamedBugIs(std::string_view name) { return Chosen() == name; }

}  // namespace moldau::base

#endif
