// Statistics in vectors, compiled anew for each instruction set by the file that includes this one: TARGET is its
// attribute. Sums are taken in 16 lanes of doubles (lane = index mod 16) that are added in order, so that every set, and
// Swift, gives the same bits.

#pragma STDC FP_CONTRACT OFF

typedef uint32_t words __attribute__((vector_size(64)));
typedef int32_t keys __attribute__((vector_size(64)));
typedef float floats8 __attribute__((vector_size(32)));
typedef double doubles8 __attribute__((vector_size(64)));

#define EVERY_WORD(X) ((words){X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X})
#define EVERY_KEY(X) ((keys){X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X})

TARGET static inline uint32_t word_at(const void *source, size_t index) {
  uint32_t word;
  memcpy(&word, (const char *)source + 4 * index, 4);
  return word;
}

TARGET static inline double float_at(const void *source, size_t index) {
  float value;
  memcpy(&value, (const char *)source + 4 * index, 4);
  return value;
}

// Vectors go in and out by address: by value they would pass differently with and without AVX-512.
TARGET static inline void load_eight(const void *source, size_t index, doubles8 *values) {
  floats8 narrow;
  memcpy(&narrow, (const char *)source + 4 * index, sizeof narrow);
  *values = __builtin_convertvector(narrow, doubles8);
}

TARGET static inline double lanes_sum(const doubles8 *low, const doubles8 *high) {
  double sum = 0;
  for (int lane = 0; lane < 8; lane++) sum += (*low)[lane];
  for (int lane = 0; lane < 8; lane++) sum += (*high)[lane];
  return sum;
}

TARGET static inline int32_t float_key(uint32_t word) {
  return (int32_t)word ^ (((int32_t)word >> 31) & 0x7FFFFFFF);
}

/// Counts zeros, and what is below the smallest normal number.
TARGET static void count_tiny(const void *source, size_t count, tare_float_block *block) {
  keys zeros = {0}, negative_zeros = {0}, tiny = {0};
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    words word;
    memcpy(&word, (const char *)source + 4 * i, sizeof word);
    // A comparison that holds is −1.
    zeros -= (keys)((word & EVERY_WORD(0x7FFFFFFF)) == EVERY_WORD(0));
    negative_zeros -= (keys)(word == EVERY_WORD(0x80000000));
    tiny -= (keys)((word & EVERY_WORD(0x7F800000)) == EVERY_WORD(0));
  }
  block->zeros = (uint32_t)__builtin_reduce_add(zeros);
  block->negative_zeros = (uint32_t)__builtin_reduce_add(negative_zeros);
  block->tiny = (uint32_t)__builtin_reduce_add(tiny);
  for (; i < count; i++) {
    uint32_t word = word_at(source, i);
    block->zeros += (word & 0x7FFFFFFF) == 0;
    block->negative_zeros += word == 0x80000000;
    block->tiny += (word & 0x7F800000) == 0;
  }
}

TARGET static tare_float_block add_floats(const void *source, size_t count) {
  tare_float_block block = {0, 0, 0, INT32_MAX, INT32_MIN, 0, 0, 0};
  if (count == 0) return block;
  keys highest = EVERY_KEY(INT32_MIN);
  // Of twice the magnitude.
  words least = EVERY_WORD(UINT32_MAX), largest = {0}, united = {0};
  doubles8 low = {0}, high = {0}, low_squares = {0}, high_squares = {0};
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    words word;
    memcpy(&word, (const char *)source + 4 * i, sizeof word);
    highest = __builtin_elementwise_max(highest, (keys)word);
    largest = __builtin_elementwise_max(largest, word);
    least = __builtin_elementwise_min(least, word + word);
    united |= word;
    doubles8 a, b;
    load_eight(source, i, &a);
    load_eight(source, i + 8, &b);
    low += a;
    high += b;
    // The square of an F32 is exact, so one rounding is as good as two.
    low_squares = __builtin_elementwise_fma(a, a, low_squares);
    high_squares = __builtin_elementwise_fma(b, b, high_squares);
  }
  for (size_t lane = 0; i + lane < count; lane++) {
    uint32_t word = word_at(source, i + lane);
    double value = float_at(source, i + lane);
    if ((int32_t)word > highest[lane]) highest[lane] = (int32_t)word;
    if (word > largest[lane]) largest[lane] = word;
    if (word + word < least[lane]) least[lane] = word + word;
    united[lane] |= word;
    if (lane < 8) low[lane] += value, low_squares[lane] += value * value;
    else high[lane - 8] += value, high_squares[lane - 8] += value * value;
  }
  // Where all have one sign, an end of the range is the number nearest to 0.
  const uint32_t nearest = __builtin_reduce_min(least) >> 1;
  const uint32_t most_negative = __builtin_reduce_max(largest);
  const int32_t most_positive = __builtin_reduce_max(highest);
  block.highest_key = most_positive >= 0 ? most_positive : float_key(nearest | 0x80000000);
  block.lowest_key = most_negative >> 31 ? float_key(most_negative) : (int32_t)nearest;
  block.united = __builtin_reduce_or(united);
  if (nearest < 0x00800000) count_tiny(source, count, &block);
  block.sum = lanes_sum(&low, &high);
  block.squares = lanes_sum(&low_squares, &high_squares);
  return block;
}

TARGET static double squared_distances(const void *source, size_t count, double center) {
  const doubles8 centers = {center, center, center, center, center, center, center, center};
  doubles8 low = {0}, high = {0};
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    doubles8 a, b;
    load_eight(source, i, &a);
    load_eight(source, i + 8, &b);
    a -= centers;
    b -= centers;
    low += a * a;
    high += b * b;
  }
  for (size_t lane = 0; i + lane < count; lane++) {
    double distance = float_at(source, i + lane) - center;
    if (lane < 8) low[lane] += distance * distance;
    else high[lane - 8] += distance * distance;
  }
  return lanes_sum(&low, &high);
}

TARGET static inline uint32_t hash32(uint32_t word) {
  uint32_t h = (word ^ 0x9E3779B9) * 0x85EBCA6B;
  return (h ^ h >> 15) * 0xC2B2AE35;
}

TARGET static inline void hash_sixteen(const void *source, size_t index, words *hashes) {
  words h;
  memcpy(&h, (const char *)source + 4 * index, sizeof h);
  h = (h ^ EVERY_WORD(0x9E3779B9)) * EVERY_WORD(0x85EBCA6B);
  *hashes = (h ^ h >> 15) * EVERY_WORD(0xC2B2AE35);
}

TARGET static size_t hashes32(const void *source, size_t count, uint64_t limit, uint64_t *hashes) {
  // The hash stands in the upper half, so it is below the limit where it is no larger than this.
  if (limit == 0) return 0;
  const uint32_t largest = (uint32_t)((limit - 1) >> 32);
  size_t found = 0, i = 0;
  for (; i + 32 <= count; i += 32) {
    words h[2];
    hash_sixteen(source, i, &h[0]);
    hash_sixteen(source, i + 16, &h[1]);
    words least = __builtin_elementwise_min(h[0], h[1]);
    if (!any_at_most(&least, largest)) continue;
    for (int lane = 0; lane < 32; lane++)
      if (h[lane / 16][lane % 16] <= largest) hashes[found++] = (uint64_t)h[lane / 16][lane % 16] << 32;
  }
  for (; i < count; i++) {
    uint32_t h = hash32(word_at(source, i));
    if (h <= largest) hashes[found++] = (uint64_t)h << 32;
  }
  return found;
}

TARGET static inline uint64_t hash64(uint64_t word) {
  uint64_t h = word ^ 0x9E3779B97F4A7C15;
  h = (h ^ h >> 33) * 0xFF51AFD7ED558CCD;
  h = (h ^ h >> 33) * 0xC4CEB9FE1A85EC53;
  return h ^ h >> 33;
}

TARGET static size_t hashes64(const void *source, size_t count, uint64_t limit, uint64_t *hashes) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    uint64_t word;
    memcpy(&word, (const char *)source + 8 * i, 8);
    uint64_t h = hash64(word);
    if (h < limit) hashes[found++] = h;
  }
  return found;
}

typedef uint16_t halves8 __attribute__((vector_size(16)));
typedef uint32_t words8 __attribute__((vector_size(32)));
typedef int32_t keys8 __attribute__((vector_size(32)));

/// Eight F32, or BF16, of which those that are not finite are 0.
TARGET static inline __attribute__((always_inline)) void load_finite(
    const char *source, size_t index, int is_bf16, doubles8 *values) {
  words8 word;
  if (is_bf16) {
    halves8 half;
    memcpy(&half, source + 2 * index, sizeof half);
    word = __builtin_convertvector(half, words8) << 16;
  } else {
    memcpy(&word, source + 4 * index, sizeof word);
  }
  word &= (words8)((keys8)(word & 0x7FFFFFFF) < 0x7F800000);
  *values = __builtin_convertvector((floats8)word, doubles8);
}

TARGET static inline double finite_at(const char *source, size_t index, int is_bf16) {
  uint32_t word;
  if (is_bf16) {
    uint16_t half;
    memcpy(&half, source + 2 * index, 2);
    word = (uint32_t)half << 16;
  } else {
    word = word_at(source, index);
  }
  return (word & 0x7FFFFFFF) < 0x7F800000 ? float_at(&word, 0) : 0;
}

TARGET static inline __attribute__((always_inline)) void add_squares_of(
    const char *source, size_t stride, size_t count, double *columns, double *sums, const int rows, const int is_bf16) {
  doubles8 low[4] = {{0}}, high[4] = {{0}};
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    doubles8 below, above;
    memcpy(&below, columns + i, sizeof below);
    memcpy(&above, columns + i + 8, sizeof above);
#pragma clang loop unroll(full)
    for (int row = 0; row < rows; row++) {
      doubles8 a, b;
      load_finite(source + row * stride, i, is_bf16, &a);
      load_finite(source + row * stride, i + 8, is_bf16, &b);
      // Squares are exact, so one rounding is as good as two.
      low[row] = __builtin_elementwise_fma(a, a, low[row]);
      high[row] = __builtin_elementwise_fma(b, b, high[row]);
      below = __builtin_elementwise_fma(a, a, below);
      above = __builtin_elementwise_fma(b, b, above);
    }
    memcpy(columns + i, &below, sizeof below);
    memcpy(columns + i + 8, &above, sizeof above);
  }
#pragma clang loop unroll(full)
  for (int row = 0; row < rows; row++) {
    // Copies, so that the vectors above stay in registers.
    doubles8 last_low = low[row], last_high = high[row];
    for (size_t lane = 0; i + lane < count; lane++) {
      double value = finite_at(source + row * stride, i + lane, is_bf16);
      if (lane < 8) last_low[lane] += value * value;
      else last_high[lane - 8] += value * value;
      columns[i + lane] += value * value;
    }
    sums[row] = lanes_sum(&last_low, &last_high);
  }
}

TARGET static void add_squares(
    const void *source, size_t stride, size_t count, int rows, int is_bf16, double *columns, double *sums) {
  if (rows == 4 && is_bf16) add_squares_of(source, stride, count, columns, sums, 4, 1);
  else if (rows == 4) add_squares_of(source, stride, count, columns, sums, 4, 0);
  else if (is_bf16) add_squares_of(source, stride, count, columns, sums, 1, 1);
  else add_squares_of(source, stride, count, columns, sums, 1, 0);
}

static const tare_statistics functions = {
  .add_floats = add_floats, .squared_distances = squared_distances,
  .hashes32 = hashes32, .hashes64 = hashes64, .add_squares = add_squares,
};
