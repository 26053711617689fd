// Loops of pruning, compiled anew for each instruction set by the file that includes this one.

typedef double eight_doubles __attribute__((vector_size(64)));
typedef int64_t eight_masks __attribute__((vector_size(64)));
typedef uint16_t pruned_16 __attribute__((vector_size(VECTOR_BYTES)));
typedef uint32_t pruned_32 __attribute__((vector_size(VECTOR_BYTES)));
typedef uint64_t pruned_64 __attribute__((vector_size(VECTOR_BYTES)));

/// Each word of four becomes the one `r` places behind it, round the four.
#if VECTOR_BYTES == 64
#define ROTATED_32(words, r) __builtin_shufflevector( \
    words, words, (r) & 3, (1 + (r)) & 3, (2 + (r)) & 3, (3 + (r)) & 3, 4 + ((r) & 3), 4 + ((1 + (r)) & 3), \
    4 + ((2 + (r)) & 3), 4 + ((3 + (r)) & 3), 8 + ((r) & 3), 8 + ((1 + (r)) & 3), 8 + ((2 + (r)) & 3), \
    8 + ((3 + (r)) & 3), 12 + ((r) & 3), 12 + ((1 + (r)) & 3), 12 + ((2 + (r)) & 3), 12 + ((3 + (r)) & 3))
#else
#define ROTATED_32(words, r) __builtin_shufflevector( \
    words, words, (r) & 3, (1 + (r)) & 3, (2 + (r)) & 3, (3 + (r)) & 3, 4 + ((r) & 3), 4 + ((1 + (r)) & 3), \
    4 + ((2 + (r)) & 3), 4 + ((3 + (r)) & 3))
#endif

/// Loads up to eight doubles; NaN fills the rest.
TARGET static inline void load_doubles(const double *from, size_t count, eight_doubles *values) {
  if (count >= 8) {
    memcpy(values, from, sizeof *values);
    return;
  }
  for (size_t lane = 0; lane < 8; lane++) (*values)[lane] = lane < count ? from[lane] : (double)NAN;
}

/// Sums the squares of finite values in eight lanes, and of those that are zeroed: `after` is zero there, or where it is
/// NULL their magnitude is at most `limit`. Counts zeros before and after in eight lanes each.
TARGET static void tally_squares(
    const double *values, const double *after, size_t count, double limit, double *sums, int64_t *counts) {
  eight_doubles squares = {0}, lost = {0};
  eight_masks zeros = {0}, zeroed = {0};
  for (size_t i = 0; i < count; i += 8) {
    eight_doubles value, result;
    load_doubles(values + i, count - i, &value);
    eight_masks goes = (value <= limit) & (value >= -limit);
    if (after) {
      load_doubles(after + i, count - i, &result);
      goes = result == 0;
    }
    eight_doubles product = value * value;
    eight_doubles square = (eight_doubles)((eight_masks)product & (value - value == 0));
    squares += square;
    lost += (eight_doubles)((eight_masks)square & goes);
    zeros -= value == 0;
    zeroed -= goes;
  }
  memcpy(sums, &squares, sizeof squares);
  memcpy(sums + 8, &lost, sizeof lost);
  memcpy(counts, &zeros, sizeof zeros);
  memcpy(counts + 8, &zeroed, sizeof zeroed);
}

/// Words of `width` bytes, 2 or 4, that are `magnitude` under `mask`.
TARGET static size_t count_magnitude(
    const void *source, size_t elements, int width, uint64_t mask, uint64_t magnitude) {
  const uint8_t *from = source;
  size_t found = 0, i = 0;
#define COUNT(WORD, VECTOR, BLOCK)                                                          \
  {                                                                                         \
    const size_t lanes = VECTOR_BYTES / sizeof(WORD);                                       \
    while (i + lanes <= elements) {                                                         \
      /* A lane counts to its own width's limit. */                                         \
      VECTOR matches = {0};                                                                 \
      for (size_t n = 0; n < BLOCK && i + lanes <= elements; n++, i += lanes) {             \
        VECTOR words;                                                                       \
        memcpy(&words, from + sizeof(WORD) * i, sizeof words);                              \
        matches -= (VECTOR)((words & (WORD)mask) == (WORD)magnitude);                       \
      }                                                                                     \
      for (size_t lane = 0; lane < lanes; lane++) found += matches[lane];                   \
    }                                                                                       \
    for (; i < elements; i++) {                                                             \
      WORD word;                                                                            \
      memcpy(&word, from + sizeof(WORD) * i, sizeof word);                                  \
      found += (word & (WORD)mask) == (WORD)magnitude;                                      \
    }                                                                                       \
  }
  if (width == 2) COUNT(uint16_t, pruned_16, 4096) else COUNT(uint32_t, pruned_32, 4096)
#undef COUNT
  return found;
}

/// Zeroes all but `kept` of every four words of `width` bytes, 2 or 4: those of the smallest magnitudes, of equal ones the
/// earlier, but none whose magnitude is more than `largest`. Leaves the last words, fewer than a vector, alone.
/// Returns the words that it has seen.
TARGET static size_t zero_fours(void *words, size_t elements, int width, int kept, uint64_t largest) {
  uint8_t *at = words;
  size_t i = 0;
  // Each member of a group is compared with the one that lies 1, 2 and 3 places behind it, round the group; what is behind
  // the group's end lies in front of the member, and precedes it where both are equal.
#define ZERO(WORD, VECTOR, ROTATED)                                                         \
  {                                                                                         \
    const size_t lanes = VECTOR_BYTES / sizeof(WORD);                                       \
    const WORD mask = (WORD)~0 >> 1;                                                        \
    VECTOR wraps[3];                                                                        \
    for (size_t lane = 0; lane < lanes; lane++)                                             \
      for (size_t r = 1; r < 4; r++) wraps[r - 1][lane] = lane % 4 + r >= 4;                \
    for (; i + lanes <= elements; i += lanes) {                                             \
      VECTOR word, key, before = {0};                                                       \
      memcpy(&word, at + sizeof(WORD) * i, sizeof word);                                    \
      key = word & mask;                                                                    \
      before -= (VECTOR)(ROTATED(key, 1) < key + wraps[0]);                                 \
      before -= (VECTOR)(ROTATED(key, 2) < key + wraps[1]);                                 \
      before -= (VECTOR)(ROTATED(key, 3) < key + wraps[2]);                                 \
      word &= ~(VECTOR)((before < (WORD)(4 - kept)) & (key <= (WORD)largest));              \
      memcpy(at + sizeof(WORD) * i, &word, sizeof word);                                    \
    }                                                                                       \
  }
#define ROTATED_16(key, r) ((pruned_16)(((pruned_64)(key) >> (16 * (r))) | ((pruned_64)(key) << (64 - 16 * (r)))))
  if (width == 2) ZERO(uint16_t, pruned_16, ROTATED_16) else ZERO(uint32_t, pruned_32, ROTATED_32)
#undef ZERO
  return i;
}
