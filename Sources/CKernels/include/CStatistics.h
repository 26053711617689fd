/// Statistics of words for instruction sets beyond the baseline, chosen when the program runs.
///
/// Each does what the Swift function named beside it does, bit for bit. Words lie at any address.
#ifndef TARE_CSTATISTICS_H
#define TARE_CSTATISTICS_H

#include <stddef.h>
#include <stdint.h>

/// What one pass over the bits of some F32 counts.
typedef struct tare_float_classes {
  uint32_t zeros, negative_zeros, tiny;
  int32_t lowest_key, highest_key;
  uint32_t united;
} tare_float_classes;

typedef struct tare_statistics {
  // StatisticsFloats: BlockClasses
  tare_float_classes (*classify)(const void *source, size_t count);
  // StatisticsMoments: the sum, and the sum of squared distances from `center`, of finite F32
  double (*sum)(const void *source, size_t count);
  double (*squared_distances)(const void *source, size_t count, double center);
  // WordHash: hashes below `limit` of words of 32 or 64 bits; `hashes` has room for `count`
  size_t (*hashes32)(const void *source, size_t count, uint64_t limit, uint64_t *hashes);
  size_t (*hashes64)(const void *source, size_t count, uint64_t limit, uint64_t *hashes);
  // LineSquares: the sum of the squares of F32, those that are not finite taken for 0; each square is added to `columns`
  double (*add_squares)(const void *source, size_t count, double *columns);
} tare_statistics;

/// The functions of a set, or NULL where this processor or this build lacks it.
const tare_statistics *tare_statistics_avx2(void);
const tare_statistics *tare_statistics_avx512(void);

#endif
