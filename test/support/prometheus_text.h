// Reads Prometheus' text format as its specification has it, strictly, and says what is wrong with a text: the tests'
// own reader, which shares nothing with what writes it.
#pragma once

#include <cctype>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

namespace moldau::test {

class PrometheusText {
 public:
  explicit PrometheusText(const std::string& text) {
    if (!text.empty() && text.back() != '\n') Complain("the last line does not end");
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      line_ = line;
      rest_ = line_;
      if (line.rfind("# HELP ", 0) == 0) {
        ReadHelp();
      } else if (line.rfind("# TYPE ", 0) == 0) {
        ReadType();
      } else {
        ReadSample();
      }
    }
  }

  // Empty if the text is as it should be.
  [[nodiscard]] const std::string& problems() const noexcept { return problems_; }
  // By name and labels: `name{a="1",b="2"}`, with the values as they were before they were escaped.
  [[nodiscard]] const std::map<std::string, double>& samples() const noexcept { return samples_; }
  // counter, gauge or summary, by family.
  [[nodiscard]] const std::map<std::string, std::string>& types() const noexcept { return types_; }

 private:
  void Complain(const std::string& what) { problems_ += what + ": " + line_ + "\n"; }

  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string TakeName() {
    size_t length = 0;
    while (length < rest_.size()) {
      const auto c = static_cast<unsigned char>(rest_[length]);
      const bool fits = std::isalpha(c) != 0 || c == '_' || (length > 0 && std::isdigit(c) != 0);
      if (!fits) break;
      ++length;
    }
    if (length == 0) Complain("no name where one belongs");
    std::string name(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return name;
  }

  void ReadHelp() {
    rest_.remove_prefix(7);
    family_ = TakeName();
    if (!helped_.insert(family_).second) Complain("a second help, or a family that is not in one piece");
    if (!Take(' ') || rest_.empty()) Complain("a help that says nothing");
  }

  void ReadType() {
    rest_.remove_prefix(7);
    const std::string name = TakeName();
    if (name != family_) Complain("a type apart from its help");
    const std::string type(Take(' ') ? rest_ : "");
    if (type != "counter" && type != "gauge" && type != "summary") Complain("an unknown type");
    if (type == "counter" && !name.ends_with("_total")) Complain("a counter whose name does not say so");
    if (!types_.emplace(name, type).second) Complain("a second type");
  }

  void ReadSample() {
    const std::string name = TakeName();
    const std::string type = types_.count(family_) > 0 ? types_[family_] : "";
    const bool belongs =
        name == family_ || (type == "summary" && (name == family_ + "_sum" || name == family_ + "_count"));
    if (type.empty() || !belongs) Complain("a sample outside its family");
    std::string key = name;
    if (Take('{')) {
      key += '{';
      std::set<std::string> labels;
      do {
        const std::string label = TakeName();
        if (!labels.insert(label).second) Complain("a label twice");
        if (!Take('=') || !Take('"')) Complain("a label without a value");
        key += (labels.size() > 1 ? "," : "") + label + "=\"" + TakeValue() + "\"";
      } while (Take(','));
      if (!Take('}')) Complain("labels without an end");
      key += '}';
    }
    if (!Take(' ')) Complain("no space before the value");
    const std::string number(rest_);
    char* end = nullptr;
    const double value = std::strtod(number.c_str(), &end);
    if (number.empty() || *end != '\0' || std::isspace(static_cast<unsigned char>(number[0])) != 0)
      Complain("no number");
    if (type == "counter" && value < 0) Complain("a counter below zero");
    if (!samples_.emplace(key, value).second) Complain("a sample twice");
  }

  // Up to the closing quotation mark.
  std::string TakeValue() {
    std::string value;
    while (!rest_.empty() && rest_.front() != '"') {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '\\') {
        if (Take('n')) {
          c = '\n';
        } else if (Take('"')) {
          c = '"';
        } else if (!Take('\\')) {
          Complain("an unknown escape");
        }
      }
      value += c;
    }
    if (!Take('"')) Complain("a value without an end");
    return value;
  }

  std::string line_;
  std::string_view rest_;
  std::string family_;
  std::set<std::string> helped_;
  std::map<std::string, std::string> types_;
  std::map<std::string, double> samples_;
  std::string problems_;
};

}  // namespace moldau::test
