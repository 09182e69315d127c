#pragma once
// Smoothing of histograms.

#include <vector>

namespace diskern::statistics {

// One pass of ROOT's TH1::Smooth (353QH twice, J. Friedman's algorithm, CERN 74-23). Fewer than three contents stay as
// they are; where none is negative none becomes negative.
void smooth(std::vector<double>& contents);

}  // namespace diskern::statistics
