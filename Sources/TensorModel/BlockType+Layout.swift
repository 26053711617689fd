extension BlockType {
  /// The fields of each type, and what its elements are.
  ///
  /// In the formulas i is the element's number in the block; of the types of 256 elements n = i / 128, j = i / 32 % 4,
  /// l = i % 32, g = i / 32, k = i / 16, e = i / 8. `lo` and `hi` are the two halves of a byte. HS is the order of most
  /// types of 4 bits: the first half of the elements lies in the low halves of `qs`, the second in the high ones. All
  /// arithmetic is that of f32, from left to right, each operation rounded.
  func describe() -> BlockLayout {
    switch self {
    case .q1_0:
      BlockLayout(128, [Self.d, .init("qs", .codes, .u8, 16)], "bit i % 8 of qs[i / 8] is set ? d : −d")
    case .q2_0:
      BlockLayout(64, [Self.d, .init("qs", .codes, .u8, 16)], "((qs[i / 4] >> 2 (i % 4) & 3) − 1) · d")
    case .q4_0: BlockLayout(32, [Self.d, Self.nibbles], "d · (HS − 8)")
    case .q4_1: BlockLayout(32, [Self.d, Self.m, Self.nibbles], "d · HS + m")
    case .q5_0:
      BlockLayout(32, [Self.d, Self.fifthBits, Self.nibbles], "d · ((HS | bit i of qh << 4) − 16)")
    case .q5_1:
      BlockLayout(32, [Self.d, Self.m, Self.fifthBits, Self.nibbles], "d · (HS | bit i of qh << 4) + m")
    case .q8_0: BlockLayout(32, [Self.d, .init("qs", .codes, .i8, 32)], "qs[i] · d")
    case .q8_1:
      BlockLayout(32, [Self.d, .init("s", .sums, .f16), .init("qs", .codes, .i8, 32)], "qs[i] · d")
    case .q8_k:
      BlockLayout(
        256, [.init("d", .scale, .f32), .init("qs", .codes, .i8, 256), .init("bsums", .sums, .i16, 16)], "qs[i] · d")
    case .tq1_0:
      BlockLayout(
        256, [.init("qs", .codes, .u8, 48), .init("qh", .codes, .u8, 4), Self.d],
        """
        d · (((b · 3^p mod 256) · 3 >> 8) − 1), where b = qs[i % 32], p = i / 32 for i < 160; b = qs[32 + i % 16], \
        p = (i − 160) / 16 for i < 240; b = qh[i % 4], p = (i − 240) / 4 beyond
        """)
    case .tq2_0:
      BlockLayout(256, [.init("qs", .codes, .u8, 64), Self.d], "d · ((qs[32 n + l] >> 2 j & 3) − 1)")
    case .mxfp4:
      BlockLayout(
        32, [.init("e", .scale, .u8), Self.nibbles], "2^(e − 128) · T[HS], T = 0 1 2 3 4 6 8 12 0 −1 −2 −3 −4 −6 −8 −12"
      )
    case .nvfp4:
      BlockLayout(
        64, [.init("d", .scale, .u8, 4), .init("qs", .codes, .u8, 32)],
        """
        U(d[i / 16]) · T[i % 16 < 8 ? lo(b) : hi(b)], where b = qs[8 (i / 16) + i % 8], T as MXFP4, U half of the \
        E4M3 number as if it had no sign and no NaN, but 0 for 0x7F
        """)
    case .q2_k, .q3_k, .q4_k, .q5_k, .q6_k: describeK()
    default: describeTabled()
    }
  }

  private func describeK() -> BlockLayout {
    switch self {
    case .q2_k:
      BlockLayout(
        256, [.init("scales", .partScales, .u8, 16), .init("qs", .codes, .u8, 64), Self.d, Self.dmin],
        "d · lo(scales[k]) · (qs[32 n + l] >> 2 j & 3) − dmin · hi(scales[k])")
    case .q3_k:
      BlockLayout(
        256,
        [
          .init("hmask", .highBits, .u8, 32), .init("qs", .codes, .u8, 64), .init("scales", .partScales, .u8, 12),
          Self.d,
        ],
        """
        d · (s − 32) · ((qs[32 n + l] >> 2 j & 3) − (bit g of hmask[l] is set ? 0 : 4)), \
        where s = (k < 8 ? lo(scales[k]) : hi(scales[k − 8])) | (scales[8 + k % 4] >> 2 (k / 4) & 3) << 4
        """)
    case .q4_k:
      BlockLayout(256, [Self.d, Self.dmin, Self.sixBitScales, .init("qs", .codes, .u8, 128)], Self.fourBitK)
    case .q5_k:
      BlockLayout(
        256, [Self.d, Self.dmin, Self.sixBitScales, .init("qh", .highBits, .u8, 32), .init("qs", .codes, .u8, 128)],
        Self.fourBitK + ", and (qh[l] >> g & 1) << 4 is added to q")
    default:
      BlockLayout(
        256,
        [
          .init("ql", .codes, .u8, 128), .init("qh", .highBits, .u8, 64), .init("scales", .partScales, .i8, 16), Self.d,
        ],
        """
        d · scales[k] · ((q | (qh[32 n + l] >> 2 j & 3) << 4) − 32), where q = (j < 2 ? lo(b) : hi(b)), \
        b = ql[64 n + l + 32 (j % 2)]
        """)
    }
  }

  /// The types whose codes are indices of tables: see `CodeGrids`.
  private func describeTabled() -> BlockLayout {
    switch self {
    case .iq4_nl: BlockLayout(32, [Self.d, Self.nibbles], "d · KV[HS]")
    case .iq4_xs:
      BlockLayout(
        256,
        [
          Self.d, .init("scales_h", .partScales, .u16), .init("scales_l", .partScales, .u8, 4),
          .init("qs", .codes, .u8, 128),
        ],
        """
        d · (s − 32) · KV[l < 16 ? lo(b) : hi(b)], where b = qs[16 g + l % 16], \
        s = (scales_l[g / 2] >> 4 (g % 2) & 15) | (scales_h >> 2 g & 3) << 4
        """)
    case .iq2_xxs:
      BlockLayout(
        256, [Self.d] + (0..<8).flatMap { _ in [.init("q", .codes, .u8, 4), .init("a", .signs, .u32)] },
        "d · (0.5 + (a >> 28)) · 0.25 · grid[q[l / 8]][i % 8] · sign(K[a >> 7 (l / 8) & 127], i % 8) of group g")
    case .iq2_xs:
      BlockLayout(
        256, [Self.d, .init("qs", .codes, .u16, 32), .init("scales", .partScales, .u8, 8)],
        "d · (0.5 + half k of scales) · 0.25 · grid[qs[e] & 511][i % 8] · sign(K[qs[e] >> 9], i % 8)")
    case .iq2_s:
      BlockLayout(
        256,
        [
          Self.d, .init("qs", .codes, .u8, 32), .init("signs", .signs, .u8, 32), .init("qh", .highBits, .u8, 8),
          .init("scales", .partScales, .u8, 8),
        ],
        """
        d · (0.5 + half k of scales) · 0.25 · grid[qs[e] | (qh[e / 4] >> 2 (e % 4) & 3) << 8][i % 8] \
        · sign(signs[e], i % 8)
        """)
    case .iq3_xxs:
      BlockLayout(
        256, [Self.d, .init("qs", .codes, .u8, 64), .init("a", .signs, .u32, 8)],
        "d · (0.5 + (a[g] >> 28)) · 0.5 · grid[qs[i / 4]][i % 4] · sign(K[a[g] >> 7 (l / 8) & 127], i % 8)")
    case .iq3_s:
      BlockLayout(
        256,
        [
          Self.d, .init("qs", .codes, .u8, 64), .init("qh", .highBits, .u8, 8), .init("signs", .signs, .u8, 32),
          .init("scales", .partScales, .u8, 4),
        ],
        """
        d · (1 + 2 · half g of scales) · grid[qs[f] | (qh[f / 8] >> f % 8 & 1) << 8][i % 4] \
        · sign(signs[e], i % 8), where f = i / 4
        """)
    case .iq1_s:
      BlockLayout(
        256, [Self.d, .init("qs", .codes, .u8, 32), .init("qh", .highBits, .u16, 8)],
        """
        d · (2 (h >> 12 & 7) + 1) · (grid[qs[e] | (h >> 3 (l / 8) & 7) << 8][i % 8] + (h >> 15 ? −0.125 : 0.125)), \
        where h = qh[g]
        """)
    default:
      BlockLayout(
        256, [.init("qs", .codes, .u8, 32), .init("qh", .highBits, .u8, 16), .init("scales", .partScales, .u16, 4)],
        """
        d · (2 (scales[k / 4] >> 3 (k % 4) & 7) + 1) · (grid[qs[e] | (h & 7) << 8][i % 8] + (h & 8 ? −0.125 : 0.125)), \
        where h is half e of qh, and the bits of d, an f16, are the highest four of each of scales, lowest first
        """)
    }
  }

  private static let d = BlockLayout.Field("d", .scale, .f16)
  private static let dmin = BlockLayout.Field("dmin", .minimum, .f16)
  private static let m = BlockLayout.Field("m", .minimum, .f16)
  private static let nibbles = BlockLayout.Field("qs", .codes, .u8, 16)
  private static let fifthBits = BlockLayout.Field("qh", .highBits, .u8, 4)
  private static let sixBitScales = BlockLayout.Field("scales", .partScales, .u8, 12)
  private static let fourBitK = """
    d · s · q − dmin · m, where q = half g % 2 of qs[32 (g / 2) + l]; for g < 4 s = scales[g] & 63, \
    m = scales[g + 4] & 63; beyond s = lo(scales[g + 4]) | scales[g − 4] >> 6 << 4, \
    m = hi(scales[g + 4]) | scales[g] >> 6 << 4
    """
}
