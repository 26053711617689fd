// Loops over vectors, compiled anew for each instruction set by the file that includes this one: TARGET is its attribute,
// VECTOR_BYTES the size of its vectors.

#define FOR_EACH_WORD(M) M(8, uint8_t) M(16, uint16_t) M(32, uint32_t) M(64, uint64_t)

/// Calls the function for words of `width` bytes.
#define BY_WIDTH(FUNCTION, ...)              \
  switch (width) {                           \
    case 1: FUNCTION##_8(__VA_ARGS__); break;  \
    case 2: FUNCTION##_16(__VA_ARGS__); break; \
    case 4: FUNCTION##_32(__VA_ARGS__); break; \
    case 8: FUNCTION##_64(__VA_ARGS__); break; \
    default: __builtin_trap();               \
  }

/// For each width a vector of words, the vector of as many bytes, and how to load and store up to a whole one. (Plain
/// loops over words of sixteen bits would shift in thirty-two.)
#define VECTORS(BITS, WORD)                                                                               \
  typedef WORD words_##BITS __attribute__((vector_size(VECTOR_BYTES)));                                   \
  typedef uint8_t bytes_##BITS __attribute__((vector_size(VECTOR_BYTES * 8 / BITS)));                     \
  enum { LANES_##BITS = VECTOR_BYTES * 8 / BITS };                                                        \
  TARGET static inline words_##BITS load_words_##BITS(const WORD *from, size_t count) {                   \
    words_##BITS words = {0};                                                                             \
    if (count >= LANES_##BITS) memcpy(&words, from, sizeof words);                                        \
    else memcpy(&words, from, count * sizeof(WORD));                                                      \
    return words;                                                                                         \
  }                                                                                                       \
  TARGET static inline void store_words_##BITS(WORD *to, words_##BITS words, size_t count) {              \
    if (count >= LANES_##BITS) memcpy(to, &words, sizeof words);                                          \
    else memcpy(to, &words, count * sizeof(WORD));                                                        \
  }                                                                                                       \
  TARGET static inline words_##BITS load_bytes_##BITS(const uint8_t *from, size_t count) {                \
    bytes_##BITS bytes = {0};                                                                             \
    if (count >= LANES_##BITS) memcpy(&bytes, from, sizeof bytes);                                        \
    else memcpy(&bytes, from, count);                                                                     \
    return __builtin_convertvector(bytes, words_##BITS);                                                  \
  }                                                                                                       \
  TARGET static inline void store_bytes_##BITS(uint8_t *to, words_##BITS words, size_t count) {           \
    bytes_##BITS bytes = __builtin_convertvector(words, bytes_##BITS);                                    \
    if (count >= LANES_##BITS) memcpy(to, &bytes, sizeof bytes);                                          \
    else memcpy(to, &bytes, count);                                                                       \
  }
FOR_EACH_WORD(VECTORS)

#define WRITE_SYMBOLS(BITS, WORD)                                                                          \
  TARGET static void write_symbols_##BITS(                                                                 \
      const WORD *source, size_t count, WORD base, WORD escape, unsigned key_shift, WORD top_mask,         \
      uint8_t *symbols) {                                                                                  \
    for (size_t i = 0; i < count; i += LANES_##BITS) {                                                     \
      words_##BITS key = (load_words_##BITS(source + i, count - i) << 1) >> (WORD)key_shift;               \
      words_##BITS in_run = key - base;                                                                    \
      words_##BITS is_listed = (words_##BITS)(in_run < escape);                                            \
      words_##BITS symbol = (in_run & is_listed) | ((escape | (key & top_mask)) & ~is_listed);             \
      store_bytes_##BITS(symbols + i, symbol, count - i);                                                  \
    }                                                                                                      \
  }
FOR_EACH_WORD(WRITE_SYMBOLS)

TARGET static void write_symbols(
    const void *source, size_t count, int width, uint64_t base, uint64_t escape, unsigned key_shift, uint64_t top_mask,
    uint8_t *symbols) {
  BY_WIDTH(write_symbols, source, count, base, escape, key_shift, top_mask, symbols)
}

#define WRITE_PLANE(BITS, WORD)                                                                            \
  TARGET static void write_plane_##BITS(const WORD *source, size_t count, unsigned shift, uint8_t *plane) { \
    for (size_t i = 0; i < count; i += LANES_##BITS)                                                       \
      store_bytes_##BITS(plane + i, load_words_##BITS(source + i, count - i) >> (WORD)shift, count - i);   \
  }
FOR_EACH_WORD(WRITE_PLANE)

TARGET static void write_plane(const void *source, size_t count, int width, unsigned shift, uint8_t *plane) {
  BY_WIDTH(write_plane, source, count, shift, plane)
}

#define WRITE_REST(BITS, WORD)                                                                             \
  TARGET static void write_rest_##BITS(                                                                    \
      const WORD *source, size_t count, WORD low_mask, unsigned low_bits, unsigned shift, uint8_t *target) { \
    for (size_t i = 0; i < count; i += LANES_##BITS) {                                                     \
      words_##BITS word = load_words_##BITS(source + i, count - i);                                        \
      words_##BITS rest = (word & low_mask) | ((word >> (WORD)(BITS - 1)) << (WORD)low_bits);              \
      store_bytes_##BITS(target + i, rest >> (WORD)shift, count - i);                                      \
    }                                                                                                      \
  }
FOR_EACH_WORD(WRITE_REST)

TARGET static void write_rest(
    const void *source, size_t count, int width, uint64_t low_mask, unsigned low_bits, unsigned shift,
    uint8_t *target) {
  BY_WIDTH(write_rest, source, count, low_mask, low_bits, shift, target)
}

#define READ_REST(BITS, WORD)                                                                              \
  TARGET static void read_rest_##BITS(                                                                     \
      const uint8_t *const *bytes, size_t byte_count, size_t count, WORD low_mask, unsigned low_bits,      \
      WORD *target) {                                                                                      \
    for (size_t i = 0; i < count; i += LANES_##BITS) {                                                     \
      words_##BITS rest = load_bytes_##BITS(bytes[0] + i, count - i);                                      \
      for (size_t k = 1; k < byte_count; k++)                                                              \
        rest |= load_bytes_##BITS(bytes[k] + i, count - i) << (WORD)(8 * k);                               \
      words_##BITS word = (rest & low_mask) | ((rest >> (WORD)low_bits) << (WORD)(BITS - 1));              \
      store_words_##BITS(target + i, word, count - i);                                                     \
    }                                                                                                      \
  }
FOR_EACH_WORD(READ_REST)

TARGET static void read_rest(
    const uint8_t *const *bytes, size_t byte_count, size_t count, int width, uint64_t low_mask, unsigned low_bits,
    void *target) {
  BY_WIDTH(read_rest, bytes, byte_count, count, low_mask, low_bits, target)
}

#define ADD_SYMBOLS(BITS, WORD)                                                                            \
  TARGET static void add_symbols_##BITS(                                                                   \
      const uint8_t *symbols, size_t count, WORD base, unsigned low_bits, WORD *target) {                  \
    for (size_t i = 0; i < count; i += LANES_##BITS) {                                                     \
      words_##BITS up = (load_bytes_##BITS(symbols + i, count - i) + base) << (WORD)low_bits;              \
      words_##BITS word = load_words_##BITS(target + i, count - i) | ((up << 1) >> 1);                     \
      store_words_##BITS(target + i, word, count - i);                                                     \
    }                                                                                                      \
  }
FOR_EACH_WORD(ADD_SYMBOLS)

TARGET static void add_symbols(
    const uint8_t *symbols, size_t count, int width, uint64_t base, unsigned low_bits, void *target) {
  BY_WIDTH(add_symbols, symbols, count, base, low_bits, target)
}

/// A vector of bytes that are shifted two by two: what crosses over is masked away.
typedef uint16_t byte_pairs __attribute__((vector_size(VECTOR_BYTES)));

TARGET static inline byte_pairs load_pairs(const uint8_t *from) {
  byte_pairs pairs;
  memcpy(&pairs, from, sizeof pairs);
  return pairs;
}

TARGET static void pack_tile(
    const uint8_t *source, size_t elements, unsigned shift, unsigned bits, uint8_t *target) {
  size_t stride = (elements * bits + 7) / 8, columns = 8 / bits, i = 0;
  uint8_t mask = (uint8_t)((1u << bits) - 1);
  uint16_t pair_mask = (uint16_t)(mask * 0x0101);
  // Whole vectors as far as every column reaches.
  size_t last = elements - (columns - 1) * stride;
  for (; elements >= columns * stride - stride && i + VECTOR_BYTES <= last; i += VECTOR_BYTES) {
    byte_pairs packed = {0};
    for (size_t column = 0; column < columns; column++) {
      byte_pairs field = (load_pairs(source + column * stride + i) >> (uint16_t)shift) & pair_mask;
      packed |= field << (uint16_t)(column * bits);
    }
    memcpy(target + i, &packed, sizeof packed);
  }
  for (; i < stride; i++) {
    unsigned packed = 0;
    for (size_t column = 0; column < columns && column * stride + i < elements; column++)
      packed |= (unsigned)(source[column * stride + i] >> shift & mask) << column * bits;
    target[i] = (uint8_t)packed;
  }
}

TARGET static void unpack_tile(
    const uint8_t *source, size_t elements, unsigned shift, unsigned bits, uint8_t *target) {
  size_t stride = (elements * bits + 7) / 8, columns = 8 / bits, i = 0;
  uint8_t mask = (uint8_t)((1u << bits) - 1);
  uint16_t pair_mask = (uint16_t)(mask * 0x0101);
  size_t last = elements - (columns - 1) * stride;
  for (; elements >= columns * stride - stride && i + VECTOR_BYTES <= last; i += VECTOR_BYTES) {
    byte_pairs packed = load_pairs(source + i);
    for (size_t column = 0; column < columns; column++) {
      byte_pairs field = ((packed >> (uint16_t)(column * bits)) & pair_mask) << (uint16_t)shift;
      byte_pairs joined = load_pairs(target + column * stride + i) | field;
      memcpy(target + column * stride + i, &joined, sizeof joined);
    }
  }
  for (; i < stride; i++) {
    for (size_t column = 0; column < columns && column * stride + i < elements; column++)
      target[column * stride + i] |= (uint8_t)((source[i] >> column * bits & mask) << shift);
  }
}

// Rotating left by one and taking the byte at a shift is a shift right by one bit less; the lowest byte ends in the sign.
#define SPLIT_ROTATED(BITS, WORD)                                                                               \
  TARGET static void split_rotated_##BITS(const WORD *source, size_t elements, uint8_t *restrict planes) {      \
    for (unsigned shift = BITS - 8; shift > 0; shift -= 8) {                                                    \
      for (size_t i = 0; i < elements; i++) planes[i] = (uint8_t)(source[i] >> (shift - 1));                    \
      planes += elements;                                                                                       \
    }                                                                                                           \
    for (size_t i = 0; i < elements; i++)                                                                       \
      planes[i] = (uint8_t)((uint8_t)(source[i] << 1) | (uint8_t)(source[i] >> (BITS - 1)));                    \
  }
FOR_EACH_WORD(SPLIT_ROTATED)

TARGET static void split_rotated(const void *source, size_t elements, int width, uint8_t *planes) {
  BY_WIDTH(split_rotated, source, elements, planes)
}

#define JOIN_ROTATED(BITS, WORD)                                                                            \
  TARGET static void join_rotated_##BITS(                                                                   \
      const uint8_t *const *planes, size_t elements, WORD *restrict target) {                               \
    const uint8_t *a = planes[0], *b = BITS > 8 ? planes[1] : a, *c = BITS > 16 ? planes[2] : a,            \
                  *d = BITS > 16 ? planes[3] : a;                                                           \
    for (size_t i = 0; i < elements; i++) {                                                                 \
      WORD word = a[i];                                                                                     \
      if (BITS == 16) word = (WORD)(a[i] << 8 | b[i]);                                                      \
      if (BITS == 32) word = (WORD)((uint32_t)a[i] << 24 | (uint32_t)b[i] << 16 | (uint32_t)c[i] << 8 | d[i]); \
      if (BITS == 64) {                                                                                     \
        word = 0;                                                                                           \
        for (int k = 0; k < BITS / 8; k++) word = (WORD)((uint64_t)word << 8 | planes[k][i]);               \
      }                                                                                                     \
      target[i] = (WORD)((WORD)(word >> 1) | (WORD)(word << (BITS - 1)));                                   \
    }                                                                                                       \
  }
FOR_EACH_WORD(JOIN_ROTATED)

TARGET static void join_rotated(const uint8_t *const *planes, size_t elements, int width, void *target) {
  BY_WIDTH(join_rotated, planes, elements, target)
}

/// Eight lanes, whatever the vectors' size, so that every set adds in the same order.
typedef double eight_doubles __attribute__((vector_size(64), aligned(8)));
typedef int64_t eight_words __attribute__((vector_size(64)));

static inline double folded(const double *lanes) {
  double sum = 0;
  for (int lane = 0; lane < 8; lane++) sum += lanes[lane];
  return sum;
}

TARGET static void error_sums(const double *a, const double *b, size_t count, tare_error_sums *sums) {
  // A product that is not rounded before it is added would be another sum.
#pragma clang fp contract(off)
  eight_doubles energy_of_a = {0}, energy_of_b = {0}, product = {0}, noise = {0}, largest = {0};
  for (size_t i = 0; i < count; i += 8) {
    eight_doubles left = *(const eight_doubles *)(a + i), right = *(const eight_doubles *)(b + i);
    eight_doubles difference = left - right;
    energy_of_a += left * left;
    energy_of_b += right * right;
    product += left * right;
    noise += difference * difference;
    eight_words error = (eight_words)difference & INT64_MAX;
    eight_words is_larger = (eight_words)((eight_doubles)error > largest);
    largest = (eight_doubles)((error & is_larger) | ((eight_words)largest & ~is_larger));
  }
  sums->energy_of_a = folded((const double *)&energy_of_a);
  sums->energy_of_b = folded((const double *)&energy_of_b);
  sums->product = folded((const double *)&product);
  sums->noise = folded((const double *)&noise);
  sums->largest = 0;
  for (int lane = 0; lane < 8; lane++)
    if (largest[lane] > sums->largest) sums->largest = largest[lane];
}

// Two streams at a time: each waits for its own last shift, so the other one fills the gap, and all of both stays in
// registers. As many codes go into a word as surely fit beside the seven bits that a write may leave and what entries put
// into the lowest bits.
#define ADD_CODE(S, INDEX)                                  \
  do {                                                      \
    uint64_t entry = table[S##_in[INDEX]];                  \
    S##_bits = S##_bits >> (entry & 63) | entry;            \
    /* Only the lowest byte of the sum counts. */           \
    S##_used += entry;                                      \
  } while (0)
#define FLUSH_CODES(S)                                      \
  do {                                                      \
    uint64_t word = S##_bits >> (-S##_used & 63);           \
    memcpy(S##_out, &word, 8);                              \
    S##_out += (uint8_t)S##_used >> 3;                      \
    S##_used &= 7;                                          \
  } while (0)
#define END_CODES(S)                                        \
  do {                                                      \
    S##_bits = S##_bits >> 1 | 1ull << 63;                  \
    S##_used += 1;                                          \
    FLUSH_CODES(S);                                         \
  } while (0)
#define ADD_BOTH(INDEX)                                     \
  do {                                                      \
    ADD_CODE(a, INDEX);                                     \
    ADD_CODE(b, INDEX);                                     \
  } while (0)

#define ENCODE2(CODES)                                                                                          \
  TARGET static inline __attribute__((always_inline)) void encode2_##CODES(                                     \
      const uint8_t *a_in, size_t a_count, const uint8_t *b_in, size_t left, const uint64_t *table,             \
      uint8_t *a_start, uint8_t *b_start, ptrdiff_t *sizes) {                                                   \
    uint8_t *a_out = a_start, *b_out = b_start;                                                                 \
    uint64_t a_bits = 0, b_bits = 0, a_used = 0, b_used = 0;                                                    \
    /* The first one may be longer, by three at most. */                                                        \
    for (size_t k = a_count; k > left; k--) ADD_CODE(a, k - 1);                                                 \
    FLUSH_CODES(a);                                                                                             \
    for (; left >= CODES; left -= CODES) {                                                                      \
      ADD_BOTH(left - 1);                                                                                       \
      ADD_BOTH(left - 2);                                                                                       \
      ADD_BOTH(left - 3);                                                                                       \
      ADD_BOTH(left - 4);                                                                                       \
      if (CODES > 4) ADD_BOTH(left - 5);                                                                        \
      if (CODES > 5) ADD_BOTH(left - 6);                                                                        \
      if (CODES > 6) ADD_BOTH(left - 7);                                                                        \
      FLUSH_CODES(a);                                                                                           \
      FLUSH_CODES(b);                                                                                           \
    }                                                                                                           \
    for (; left > 0; left--) {                                                                                  \
      ADD_BOTH(left - 1);                                                                                       \
      FLUSH_CODES(a);                                                                                           \
      FLUSH_CODES(b);                                                                                           \
    }                                                                                                           \
    END_CODES(a);                                                                                               \
    END_CODES(b);                                                                                               \
    sizes[0] = a_out - a_start + (a_used != 0);                                                                 \
    sizes[1] = b_out - b_start + (b_used != 0);                                                                 \
  }
ENCODE2(4)
ENCODE2(5)
ENCODE2(7)

TARGET static void huffman_encode4(
    const uint8_t *source, size_t count, size_t last_count, const uint64_t *table, unsigned longest, uint8_t *target,
    size_t stride, ptrdiff_t *sizes) {
  for (size_t pair = 0; pair < 2; pair++) {
    const uint8_t *a = source + 2 * pair * count, *b = a + count;
    uint8_t *a_out = target + 2 * pair * stride, *b_out = a_out + stride;
    size_t b_count = pair == 0 ? count : last_count;
    ptrdiff_t *out = sizes + 2 * pair;
    if (longest <= 7) encode2_7(a, count, b, b_count, table, a_out, b_out, out);
    else if (longest <= 10) encode2_5(a, count, b, b_count, table, a_out, b_out, out);
    else encode2_4(a, count, b, b_count, table, a_out, b_out, out);
  }
}

/// A vector of the eight lanes of XXH3, or a part of them; words and products are summed apart until they are joined.
#define XXH3_LANES (VECTOR_BYTES / 8)
typedef uint64_t xxh3_lanes __attribute__((vector_size(VECTOR_BYTES)));

TARGET static inline xxh3_lanes load_lanes(const uint8_t *from) {
  xxh3_lanes lanes;
  memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

/// Each word beside its neighbour's place.
TARGET static inline xxh3_lanes cross_lanes(xxh3_lanes words) {
#if VECTOR_BYTES == 64
  return __builtin_shufflevector(words, words, 1, 0, 3, 2, 5, 4, 7, 6);
#else
  return __builtin_shufflevector(words, words, 1, 0, 3, 2);
#endif
}

TARGET static inline __attribute__((always_inline)) void take_stripes(
    xxh3_lanes *lanes, const uint8_t *source, size_t stripes, const uint8_t *secret) {
  for (size_t part = 0; part < 8 / XXH3_LANES; part++, source += VECTOR_BYTES, secret += VECTOR_BYTES) {
    xxh3_lanes products = lanes[part], words = {0};
    for (size_t i = 0; i < stripes; i++) {
      xxh3_lanes word = load_lanes(source + 64 * i), key = word ^ load_lanes(secret + 8 * i);
      products += (key & 0xFFFFFFFF) * (key >> 32);
      words += word;
    }
    lanes[part] = products + cross_lanes(words);
  }
}

TARGET static void xxh3_consume(
    void *lanes, const void *source, size_t blocks, size_t stripes, const void *secret) {
  const uint8_t *from = source;
  xxh3_lanes now[8 / XXH3_LANES];
  memcpy(now, lanes, 64);
  for (size_t i = 0; i < blocks; i++, from += 1024) {
    take_stripes(now, from, 16, secret);
    for (size_t part = 0; part < 8 / XXH3_LANES; part++) {
      xxh3_lanes mixed = now[part] ^ (now[part] >> 47) ^ load_lanes((const uint8_t *)secret + 128 + part * VECTOR_BYTES);
      // By a number of 32 bits: two products of 32 by 32 bits are faster than one of 64 by 64.
      now[part] = (mixed & 0xFFFFFFFF) * 0x9E3779B1 + (((mixed >> 32) * 0x9E3779B1) << 32);
    }
  }
  take_stripes(now, from, stripes, secret);
  memcpy(lanes, now, 64);
}
