// Plain loops, compiled anew for each instruction set by the file that includes this one: TARGET is its attribute,
// NAME(x) the name of its functions.

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

#define WRITE_SYMBOLS(BITS, WORD)                                                                              \
  TARGET static void write_symbols_##BITS(                                                                     \
      const WORD *source, size_t count, WORD base, WORD escape, unsigned key_shift, WORD top_mask,             \
      uint8_t *restrict symbols) {                                                                             \
    for (size_t i = 0; i < count; i++) {                                                                       \
      WORD key = (WORD)((WORD)(source[i] << 1) >> key_shift);                                                  \
      WORD in_run = (WORD)(key - base);                                                                        \
      symbols[i] = (uint8_t)(in_run < escape ? in_run : (WORD)(escape | (key & top_mask)));                    \
    }                                                                                                          \
  }
FOR_EACH_WORD(WRITE_SYMBOLS)

TARGET static void write_symbols(
    const void *source, size_t count, int width, uint64_t base, uint64_t escape, unsigned key_shift, uint64_t top_mask,
    uint8_t *symbols) {
  BY_WIDTH(write_symbols, source, count, base, escape, key_shift, top_mask, symbols)
}

#define WRITE_PLANE(BITS, WORD)                                                            \
  TARGET static void write_plane_##BITS(                                                   \
      const WORD *source, size_t count, unsigned shift, uint8_t *restrict plane) {         \
    for (size_t i = 0; i < count; i++) plane[i] = (uint8_t)(source[i] >> shift);           \
  }
FOR_EACH_WORD(WRITE_PLANE)

TARGET static void write_plane(const void *source, size_t count, int width, unsigned shift, uint8_t *plane) {
  BY_WIDTH(write_plane, source, count, shift, plane)
}

#define WRITE_REST(BITS, WORD)                                                                              \
  TARGET static void write_rest_##BITS(                                                                     \
      const WORD *source, size_t count, WORD low_mask, unsigned low_bits, unsigned shift,                   \
      uint8_t *restrict target) {                                                                           \
    for (size_t i = 0; i < count; i++) {                                                                    \
      WORD rest = (WORD)((source[i] & low_mask) | (WORD)((WORD)(source[i] >> (BITS - 1)) << low_bits));     \
      target[i] = (uint8_t)(rest >> shift);                                                                 \
    }                                                                                                       \
  }
FOR_EACH_WORD(WRITE_REST)

TARGET static void write_rest(
    const void *source, size_t count, int width, uint64_t low_mask, unsigned low_bits, unsigned shift,
    uint8_t *target) {
  BY_WIDTH(write_rest, source, count, low_mask, low_bits, shift, target)
}

#define READ_REST(BITS, WORD)                                                                               \
  TARGET static void read_rest_##BITS(                                                                      \
      const uint8_t *const *bytes, size_t byte_count, size_t count, WORD low_mask, unsigned low_bits,       \
      WORD *restrict target) {                                                                              \
    const uint8_t *a = bytes[0], *b = byte_count > 1 ? bytes[1] : a, *c = byte_count > 2 ? bytes[2] : a;    \
    unsigned second = BITS > 8 ? 8 : 0, third = BITS > 16 ? 16 : 0;                                         \
    switch (byte_count) {                                                                                   \
      case 1:                                                                                               \
        for (size_t i = 0; i < count; i++) target[i] = PLACE(a[i], BITS, WORD);                             \
        break;                                                                                              \
      case 2:                                                                                               \
        for (size_t i = 0; i < count; i++) {                                                                \
          WORD rest = (WORD)(a[i] | (WORD)((WORD)b[i] << second));                                          \
          target[i] = PLACE(rest, BITS, WORD);                                                              \
        }                                                                                                   \
        break;                                                                                              \
      case 3:                                                                                               \
        for (size_t i = 0; i < count; i++) {                                                                \
          WORD rest = (WORD)(a[i] | (WORD)((WORD)b[i] << second) | (WORD)((WORD)c[i] << third));            \
          target[i] = PLACE(rest, BITS, WORD);                                                              \
        }                                                                                                   \
        break;                                                                                              \
      default:                                                                                              \
        for (size_t i = 0; i < count; i++) {                                                                \
          WORD rest = 0;                                                                                    \
          for (size_t k = 0; k < byte_count; k++) rest |= (WORD)((WORD)bytes[k][i] << (8 * k));             \
          target[i] = PLACE(rest, BITS, WORD);                                                              \
        }                                                                                                   \
    }                                                                                                       \
  }
/// The rest's low bits where they are, its next bit at the word's top.
#define PLACE(REST, BITS, WORD) \
  (WORD)(((REST) & low_mask) | (WORD)((WORD)((WORD)(REST) >> low_bits) << (BITS - 1)))
FOR_EACH_WORD(READ_REST)

TARGET static void read_rest(
    const uint8_t *const *bytes, size_t byte_count, size_t count, int width, uint64_t low_mask, unsigned low_bits,
    void *target) {
  BY_WIDTH(read_rest, bytes, byte_count, count, low_mask, low_bits, target)
}

#define ADD_SYMBOLS(BITS, WORD)                                                                          \
  TARGET static void add_symbols_##BITS(                                                                 \
      const uint8_t *restrict symbols, size_t count, WORD base, unsigned low_bits, WORD *target) {       \
    for (size_t i = 0; i < count; i++) {                                                                 \
      WORD up = (WORD)((WORD)(symbols[i] + base) << low_bits);                                           \
      target[i] |= (WORD)((WORD)(up << 1) >> 1);                                                         \
    }                                                                                                    \
  }
FOR_EACH_WORD(ADD_SYMBOLS)

TARGET static void add_symbols(
    const uint8_t *symbols, size_t count, int width, uint64_t base, unsigned low_bits, void *target) {
  BY_WIDTH(add_symbols, symbols, count, base, low_bits, target)
}

TARGET static void pack_tile(
    const uint8_t *source, size_t elements, unsigned shift, unsigned bits, uint8_t *restrict target) {
  size_t stride = (elements * bits + 7) / 8;
  uint8_t mask = (uint8_t)((1u << bits) - 1);
  for (size_t column = 0; column * stride < elements; column++) {
    const uint8_t *from = source + column * stride;
    size_t count = elements - column * stride < stride ? elements - column * stride : stride;
    unsigned up = (unsigned)column * bits;
    if (column == 0) {
      for (size_t i = 0; i < count; i++) target[i] = (uint8_t)(from[i] >> shift & mask);
    } else {
      for (size_t i = 0; i < count; i++) target[i] |= (uint8_t)((from[i] >> shift & mask) << up);
    }
  }
}

TARGET static void unpack_tile(
    const uint8_t *restrict source, size_t elements, unsigned shift, unsigned bits, uint8_t *restrict target) {
  size_t stride = (elements * bits + 7) / 8;
  uint8_t mask = (uint8_t)((1u << bits) - 1);
  for (size_t column = 0; column * stride < elements; column++) {
    uint8_t *out = target + column * stride;
    size_t count = elements - column * stride < stride ? elements - column * stride : stride;
    unsigned down = (unsigned)column * bits;
    for (size_t i = 0; i < count; i++) out[i] |= (uint8_t)((source[i] >> down & mask) << shift);
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
