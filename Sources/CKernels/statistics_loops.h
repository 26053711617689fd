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

TARGET static tare_float_classes classify(const void *source, size_t count) {
  keys zeros = {0}, negative_zeros = {0}, tiny = {0};
  keys lowest = EVERY_KEY(INT32_MAX), highest = EVERY_KEY(INT32_MIN);
  words united = {0};
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    words word;
    memcpy(&word, (const char *)source + 4 * i, sizeof word);
    words magnitude = word & EVERY_WORD(0x7FFFFFFF);
    keys key = (keys)word ^ (((keys)word >> 31) & EVERY_KEY(0x7FFFFFFF));
    // A comparison that holds is −1.
    zeros -= (keys)(magnitude == EVERY_WORD(0));
    negative_zeros -= (keys)(word == EVERY_WORD(0x80000000));
    tiny -= (keys)((keys)magnitude < EVERY_KEY(0x00800000));
    lowest = __builtin_elementwise_min(lowest, key);
    highest = __builtin_elementwise_max(highest, key);
    united |= word;
  }
  tare_float_classes all = {0, 0, 0, INT32_MAX, INT32_MIN, 0};
  for (int lane = 0; lane < 16; lane++) {
    all.zeros += (uint32_t)zeros[lane];
    all.negative_zeros += (uint32_t)negative_zeros[lane];
    all.tiny += (uint32_t)tiny[lane];
    if (lowest[lane] < all.lowest_key) all.lowest_key = lowest[lane];
    if (highest[lane] > all.highest_key) all.highest_key = highest[lane];
    all.united |= united[lane];
  }
  for (; i < count; i++) {
    uint32_t word = word_at(source, i);
    uint32_t magnitude = word & 0x7FFFFFFF;
    int32_t key = (int32_t)word ^ (((int32_t)word >> 31) & 0x7FFFFFFF);
    all.zeros += magnitude == 0;
    all.negative_zeros += word == 0x80000000;
    all.tiny += magnitude < 0x00800000;
    if (key < all.lowest_key) all.lowest_key = key;
    if (key > all.highest_key) all.highest_key = key;
    all.united |= word;
  }
  return all;
}

TARGET static double sum(const void *source, size_t count) {
  doubles8 low = {0}, high = {0};
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    doubles8 a, b;
    load_eight(source, i, &a);
    load_eight(source, i + 8, &b);
    low += a;
    high += b;
  }
  for (size_t lane = 0; i + lane < count; lane++) {
    double value = float_at(source, i + lane);
    if (lane < 8) low[lane] += value;
    else high[lane - 8] += value;
  }
  return lanes_sum(&low, &high);
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
  uint32_t h = word ^ 0x9E3779B9;
  h = (h ^ h >> 16) * 0x85EBCA6B;
  h = (h ^ h >> 13) * 0xC2B2AE35;
  return h ^ h >> 16;
}

TARGET static size_t hashes32(const void *source, size_t count, uint64_t limit, uint64_t *hashes) {
  // The hash stands in the upper half, so it is below the limit where it is no larger than this.
  if (limit == 0) return 0;
  const uint32_t largest = (uint32_t)((limit - 1) >> 32);
  size_t found = 0, i = 0;
  for (; i + 16 <= count; i += 16) {
    words h;
    memcpy(&h, (const char *)source + 4 * i, sizeof h);
    h ^= EVERY_WORD(0x9E3779B9);
    h = (h ^ h >> 16) * EVERY_WORD(0x85EBCA6B);
    h = (h ^ h >> 13) * EVERY_WORD(0xC2B2AE35);
    h ^= h >> 16;
    if (__builtin_reduce_min(h) > largest) continue;
    for (int lane = 0; lane < 16; lane++)
      if (h[lane] <= largest) hashes[found++] = (uint64_t)h[lane] << 32;
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

TARGET static inline void square_eight(const void *source, size_t index, doubles8 *squares) {
  typedef uint32_t words8 __attribute__((vector_size(32)));
  typedef int32_t keys8 __attribute__((vector_size(32)));
  words8 word;
  memcpy(&word, (const char *)source + 4 * index, sizeof word);
  const keys8 infinity = {0x7F800000, 0x7F800000, 0x7F800000, 0x7F800000,
                          0x7F800000, 0x7F800000, 0x7F800000, 0x7F800000};
  words8 magnitude = word & 0x7FFFFFFF;
  magnitude &= (words8)((keys8)magnitude < infinity);
  doubles8 value = __builtin_convertvector((floats8)magnitude, doubles8);
  *squares = value * value;
}

TARGET static double add_squares(const void *source, size_t count, double *columns) {
  doubles8 low = {0}, high = {0};
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    doubles8 a, b, sum;
    square_eight(source, i, &a);
    square_eight(source, i + 8, &b);
    low += a;
    high += b;
    memcpy(&sum, columns + i, sizeof sum);
    sum += a;
    memcpy(columns + i, &sum, sizeof sum);
    memcpy(&sum, columns + i + 8, sizeof sum);
    sum += b;
    memcpy(columns + i + 8, &sum, sizeof sum);
  }
  for (size_t lane = 0; i + lane < count; lane++) {
    double value = float_at(source, i + lane);
    double square = (word_at(source, i + lane) & 0x7FFFFFFF) < 0x7F800000 ? value * value : 0;
    if (lane < 8) low[lane] += square;
    else high[lane - 8] += square;
    columns[i + lane] += square;
  }
  return lanes_sum(&low, &high);
}

static const tare_statistics functions = {
  .classify = classify, .sum = sum, .squared_distances = squared_distances,
  .hashes32 = hashes32, .hashes64 = hashes64, .add_squares = add_squares,
};
