#include "harness/arguments.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace moldau::bench {

std::string ArgumentReader::Value() {
  const std::string name = word();
  if (!Next()) Die(name + ": a value is missing");
  return word();
}

bool ArgumentReader::Take(CommonArguments& arguments) {
  const std::string name = word();
  if (name == "--json") {
    arguments.json = Value();
  } else if (name == "--only") {
    const std::vector<std::string> names = absl::StrSplit(Value(), ',');
    arguments.only.insert(names.begin(), names.end());
  } else if (name == "--dir") {
    arguments.directory = Value();
  } else if (name == "--repeats") {
    if (!absl::SimpleAtoi(Value(), &arguments.repeats) || arguments.repeats < 1) Die("--repeats: at least 1");
  } else if (name == "--smoke") {
    arguments.smoke = true;
  } else {
    return false;
  }
  return true;
}

}  // namespace moldau::bench
