// moldau_peer_bench [PEER...] [--peers DIRECTORY] [--only FIGURE[,FIGURE...]] [--keep FILE] [--json FILE] [--svg FILE]
//                   [--repeats N] [--dir DIRECTORY]
// moldau_peer_bench --smoke [--dir DIRECTORY]
//
// Compares Moldau with its peers, whose programs lie in the directory of --peers; bench/peers/run puts them there. PEER
// "moldau" stands for the figures of the same table that have no peer.
#include <cstdio>
#include <cstring>
#include <deque>
#include <iterator>
#include <set>

#include "chart.h"
#include "contest.h"
#include "harness/arguments.h"
#include "harness/machine.h"
#include "harness/report.h"
#include "harness/support.h"
#include "kept_rows.h"
#include "moldau.h"

namespace moldau::bench {
namespace {

constexpr const char* kNoPeer = "moldau";

struct Arguments : CommonArguments {
  std::set<std::string> peers;  // empty: all
  std::string programs = ".";
  std::string keep;
  std::string svg;
};

Arguments Parse(int argc, char** argv) {
  std::set<std::string> known{kNoPeer};
  for (const Comparison& comparison : Comparisons({})) known.insert(comparison.peer);
  Arguments arguments;
  for (ArgumentReader reader(argc, argv); reader.Next();) {
    const std::string word = reader.word();
    if (reader.Take(arguments)) continue;
    if (word == "--peers") {
      arguments.programs = reader.Value();
    } else if (word == "--keep") {
      arguments.keep = reader.Value();
    } else if (word == "--svg") {
      arguments.svg = reader.Value();
    } else if (known.contains(word)) {
      arguments.peers.insert(word);
    } else {
      Die("unknown argument " + word + "; bench/README.md has them all");
    }
  }
  return arguments;
}

std::vector<Figure> FiguresWithoutPeer(const Scale& scale) {
  std::vector<Figure> figures = GroupFigures(scale);
  std::vector<Figure> more = DiskFigures(scale);
  std::move(more.begin(), more.end(), std::back_inserter(figures));
  return figures;
}

// Far too short to say anything, but it shows that Moldau's side of every comparison still works.
int Smoke() {
  for (const Comparison& comparison : Comparisons({.factor = 0.002})) {
    Contest(comparison, nullptr).RunOurs();
    std::printf("%s ran\n", comparison.figure.c_str());
  }
  return 0;
}

// The table: figures of this run as they come out, and those of earlier runs that were kept.
class Table {
 public:
  explicit Table(const Arguments& arguments)
      : arguments_(arguments), programs_(arguments.programs), kept_(arguments.keep) {
    for (const Comparison& comparison : Comparisons({})) {
      Contest& contest = contests_.emplace_back(comparison, &programs_);
      lines_.push_back({.figure = contest.figure(), .peer = comparison.peer, .contest = &contest});
    }
    for (Figure& figure : FiguresWithoutPeer({})) lines_.push_back({.figure = std::move(figure), .peer = kNoPeer});
    arguments_.CheckNames(lines_, [](const Line& line) { return line.figure.name; });
  }

  void Measure() {
    PrintHeader();
    for (Line& line : lines_) {
      if (IsWanted(line)) kept_.Keep(line.figure.name, Measure(line));
      line.row = kept_.Find(line.figure.name);
      if (line.row != nullptr) PrintRow(ResultOf(line));
    }
  }

  void PrintSides() const {
    std::printf("\n| figure | Moldau | peer | |\n|---|---|---|---|\n");
    for (const Line& line : lines_) {
      if (line.row == nullptr || line.contest == nullptr) continue;
      std::printf("| `%s` | %s | %s | %s |\n", line.figure.name.c_str(), line.row->ours.c_str(),
                  line.row->theirs.c_str(), TitleOf(line.peer).c_str());
    }
  }

  [[nodiscard]] std::vector<Result> Results() const {
    std::vector<Result> results;
    for (const Line& line : lines_) {
      if (line.row != nullptr) results.push_back(ResultOf(line));
    }
    return results;
  }

  [[nodiscard]] std::vector<Bar> Bars() const {
    std::vector<Bar> bars;
    for (const Line& line : lines_) {
      if (line.row == nullptr || line.contest == nullptr) continue;
      bars.push_back({.what = line.figure.what,
                      .peer = TitleOf(line.peer),
                      .ours = line.row->ours,
                      .theirs = line.row->theirs,
                      .times = line.figure.less_is_better ? 1 / line.row->value : line.row->value,
                      .noisy = !line.row->why_noisy.empty()});
    }
    return bars;
  }

 private:
  struct Line {
    Figure figure;
    std::string peer;
    const Contest* contest = nullptr;  // of a figure with a peer
    const Row* row = nullptr;          // once it is measured, or if it was kept
  };

  [[nodiscard]] bool IsWanted(const Line& line) const {
    return arguments_.IsWanted(line.figure.name) && (arguments_.peers.empty() || arguments_.peers.contains(line.peer));
  }

  [[nodiscard]] Row Measure(const Line& line) const {
    const Result result = Run(line.figure, {.repeats = arguments_.repeats});
    Row row{.value = result.value, .spread = result.spread, .why_noisy = result.why_noisy};
    if (line.contest != nullptr) {
      row.ours = line.contest->ours();
      row.theirs = line.contest->theirs();
    }
    return row;
  }

  static Result ResultOf(const Line& line) {
    return {.figure = &line.figure,
            .value = line.row->value,
            .spread = line.row->spread,
            .noisy = !line.row->why_noisy.empty(),
            .why_noisy = line.row->why_noisy};
  }

  const Arguments& arguments_;
  Programs programs_;
  KeptRows kept_;
  std::deque<Contest> contests_;  // figures refer to them
  std::vector<Line> lines_;
};

int Compare(const Arguments& arguments) {
  const std::string host = HostLine(arguments.directory);
  std::printf("%s\n\n", host.c_str());
  Table table(arguments);
  table.Measure();
  table.PrintSides();
  if (!arguments.json.empty()) WriteJson(arguments.json, table.Results());
  if (!arguments.svg.empty()) WriteChart(arguments.svg, table.Bars(), host);
  return 0;
}

int Main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--first") == 0) return ReadFirstRecord(argv[2]);
  const Arguments arguments = Parse(argc, argv);
  Scratch::SetRoot(arguments.directory);
  return arguments.smoke ? Smoke() : Compare(arguments);
}

}  // namespace
}  // namespace moldau::bench

int main(int argc, char** argv) { return moldau::bench::Main(argc, argv); }
