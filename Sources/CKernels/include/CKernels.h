/// Kernels for instruction sets beyond the baseline, chosen when the program runs.
///
/// Each does what the Swift function of the same name in `Kernels` does, bit for bit; those say what the arguments mean.
/// An entry that a set has nothing better for is NULL. Elements are little-endian words of `width` bytes, 1, 2, 4 or 8.
#ifndef TARE_CKERNELS_H
#define TARE_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "CStatistics.h"

/// What NumberBlock knows of two rows of doubles.
typedef struct tare_error_sums {
  double energy_of_a, energy_of_b, product, noise, largest;
} tare_error_sums;

typedef struct tare_kernels {
  // ZeroMask
  size_t (*count_zeros)(const void *source, size_t elements, int width, uint64_t magnitude, size_t *positive);
  size_t (*split)(
      const void *source, size_t elements, int width, uint64_t magnitude, uint8_t *bitmap, void *packed);
  void (*join)(const uint8_t *bitmap, const void *packed, size_t elements, int width, void *target);
  size_t (*split_signs)(
      const void *source, size_t elements, int width, const uint8_t *bitmap, uint8_t *signs);
  void (*join_signs)(
      const uint8_t *signs, size_t sign_bytes, const uint8_t *bitmap, size_t elements, int width, void *target);

  // Gaps
  size_t (*encode_gaps)(const uint8_t *bitmap, size_t elements, uint8_t *gaps);

  // Fused
  void (*write_symbols)(
      const void *source, size_t count, int width, uint64_t base, uint64_t escape, unsigned key_shift,
      uint64_t top_mask, uint8_t *symbols);
  void (*write_plane)(const void *source, size_t count, int width, unsigned shift, uint8_t *plane);
  void (*write_rest)(
      const void *source, size_t count, int width, uint64_t low_mask, unsigned low_bits, unsigned shift,
      uint8_t *target);
  void (*find_escapes)(const uint8_t *symbols, size_t count, uint8_t first, uint64_t *bits);
  // Both only for words of 2 and 4 bytes.
  size_t (*write_escapes)(
      const void *source, const uint8_t *symbols, size_t count, int width, uint8_t first, unsigned mantissa_bits,
      uint64_t exponent_mask, uint16_t *escapes);
  size_t (*patch_escapes)(
      const uint8_t *symbols, size_t count, int width, uint8_t first, unsigned mantissa_bits, uint64_t exponent_mask,
      const uint16_t *escapes, size_t limit, void *target);
  void (*read_rest)(
      const uint8_t *const *bytes, size_t byte_count, size_t count, int width, uint64_t low_mask, unsigned low_bits,
      void *target);
  void (*add_symbols)(
      const uint8_t *symbols, size_t count, int width, uint64_t base, unsigned low_bits, void *target);

  // BitFields
  void (*pack_tile)(const uint8_t *source, size_t elements, unsigned shift, unsigned bits, uint8_t *target);
  void (*unpack_tile)(const uint8_t *source, size_t elements, unsigned shift, unsigned bits, uint8_t *target);

  // HuffmanStreams
  void (*huffman_encode4)(
      const uint8_t *source, size_t count, size_t last_count, const uint64_t *table, unsigned longest, uint8_t *target,
      size_t stride, ptrdiff_t *sizes);

  // XXH3
  void (*xxh3_consume)(void *lanes, const void *source, size_t blocks, size_t stripes, const void *secret);

  // BytePlanes
  void (*split_rotated)(const void *source, size_t elements, int width, uint8_t *planes);
  void (*join_rotated)(const uint8_t *const *planes, size_t elements, int width, void *target);

  // FloatRounding
  uint32_t (*round_to_bf16)(const void *source, size_t count, void *target);
  uint32_t (*round_to_f16)(const void *source, size_t count, void *target);
  void (*widen_bf16)(const void *source, size_t count, void *target);
  void (*widen_f16)(const void *source, size_t count, void *target);

  // GridFitter, GridProducts
  size_t (*grid_misfits)(
      const float *numbers, size_t count, float unit, float inverse, float tolerance, size_t limit);
  void (*grid_extremes)(const float *numbers, size_t count, float *lowest, float *highest);
  size_t (*grid_multiples)(
      const float *numbers, size_t count, int kind, float scale, float inverse, int divides, int largest,
      int16_t *codes);
  void (*grid_look_up)(
      const uint8_t *codes, size_t count, const uint32_t *table, size_t levels, int width, void *target);

  // BlockQuantizer; each returns how many blocks there are before one with a number that is not finite
  size_t (*quantize_q4_0)(const void *source, size_t blocks, uint8_t *target);
  size_t (*quantize_q4_1)(const void *source, size_t blocks, uint8_t *target);
  size_t (*quantize_q5_0)(const void *source, size_t blocks, uint8_t *target);
  size_t (*quantize_q5_1)(const void *source, size_t blocks, uint8_t *target);
  size_t (*quantize_q8_0)(const void *source, size_t blocks, uint8_t *target);

  // PruneTally; `after` may be NULL.
  void (*tally_squares)(
      const double *values, const double *after, size_t count, double limit, double *sums, int64_t *counts);

  // PruneMagnitude; only words of 2 and 4 bytes
  size_t (*count_magnitude)(const void *source, size_t elements, int width, uint64_t mask, uint64_t magnitude);
  // PruneGroups; only words of 2 and 4 bytes, as many as fill vectors: returns how many
  size_t (*zero_fours)(void *words, size_t elements, int width, int kept, uint64_t largest);

  // NumberBlock
  void (*error_sums)(const double *a, const double *b, size_t count, tare_error_sums *sums);
} tare_kernels;

/// The kernels of a set, or NULL where this processor or this build lacks it.
const tare_kernels *tare_kernels_avx2(void);
const tare_kernels *tare_kernels_avx512(void);

#endif
