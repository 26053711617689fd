/// Statistics of words for instruction sets beyond the baseline, chosen when the program runs.
///
/// Each does what the Swift function named beside it does, bit for bit. Words lie at any address.
#ifndef TARE_CSTATISTICS_H
#define TARE_CSTATISTICS_H

#include <stddef.h>
#include <stdint.h>

/// What one pass over some F32 finds. The sums mean nothing where a number is not finite.
typedef struct tare_float_block {
  uint32_t zeros, negative_zeros, tiny;
  int32_t lowest_key, highest_key;
  uint32_t united;
  double sum, squares;
} tare_float_block;

typedef struct tare_statistics {
  // StatisticsFloats: BlockClasses, with Σ x and Σ x² as StatisticsMoments takes them
  tare_float_block (*add_floats)(const void *source, size_t count);
  // StatisticsMoments: the sum of squared distances from `center` of finite F32
  double (*squared_distances)(const void *source, size_t count, double center);
  // WordHash: hashes below `limit` of words of 32 or 64 bits; `hashes` has room for `count`
  size_t (*hashes32)(const void *source, size_t count, uint64_t limit, uint64_t *hashes);
  size_t (*hashes64)(const void *source, size_t count, uint64_t limit, uint64_t *hashes);
  // LineSquares: the sums of the squares of 1 or 4 rows of `count` F32 or BF16, `stride` bytes from one to the next, those
  // that are not finite taken for 0; each square is added to `columns`
  void (*add_squares)(
      const void *source, size_t stride, size_t count, int rows, int is_bf16, double *columns, double *sums);
} tare_statistics;

/// The functions of a set, or NULL where this processor or this build lacks it.
const tare_statistics *tare_statistics_avx2(void);
const tare_statistics *tare_statistics_avx512(void);

#endif
