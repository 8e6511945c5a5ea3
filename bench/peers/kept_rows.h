// Rows of earlier runs in a file, so that a run may measure some figures, say those that were noisy, and show all.
//
// Threads: one.   Ownership: values.   Failure: as harness/support.h.
#pragma once

#include <map>
#include <string>

namespace moldau::bench {

// What came out of one figure.
struct Row {
  double value = 0;
  double spread = 0;
  std::string ours;  // what the ratio is of, for people; both empty for a figure without a peer
  std::string theirs;
  std::string why_noisy;  // empty: it is not
};

class KeptRows {
 public:
  // Without a path there is nothing to keep. A file that is not there has no rows.
  explicit KeptRows(std::string path);

  // Nullptr if the figure was never measured. Valid until the figure is kept again.
  [[nodiscard]] const Row* Find(const std::string& figure) const;
  // Takes the place of the row that was there, in the file, too.
  void Keep(const std::string& figure, Row row);

 private:
  std::string path_;
  std::map<std::string, Row> rows_;
};

}  // namespace moldau::bench
