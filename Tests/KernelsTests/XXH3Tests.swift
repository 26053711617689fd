import Kernels
import MemoryModel
import Testing

@Suite struct XXH3Tests {
  /// Hashes that another implementation gives for `sample`.
  static let vectors: [(byteCount: Int, hash: UInt64)] = [
    (0, 0x2D06_8005_38D3_94C2),
    (1, 0x13E6_08BC_156D_EFED),
    (2, 0x1C90_74B9_3943_B86C),
    (3, 0xA908_8DDA_485B_481C),
    (4, 0x6D92_53B1_6C8B_1ED3),
    (5, 0x9986_20E1_0E3A_4B37),
    (7, 0x8E82_91AD_8912_7E2E),
    (8, 0x6053_9DB6_3047_1163),
    (9, 0xFEFF_6683_61D7_23A8),
    (12, 0x6829_454B_E0CC_3199),
    (15, 0x9EC1_69F4_A982_31C1),
    (16, 0xB8C8_59B0_F030_B585),
    (17, 0x714A_0440_8E79_B80F),
    (31, 0xED41_AC28_3D06_74B3),
    (32, 0x19FF_4EE1_D6BA_1A55),
    (33, 0x3E44_983A_D216_79C8),
    (64, 0x287E_B1FA_9E4B_E2C1),
    (65, 0x8292_18DE_4D79_8646),
    (96, 0xF084_E7CF_BC62_4743),
    (97, 0x1DAA_8327_1A8E_7B7C),
    (100, 0xB593_7857_F0D7_8C9F),
    (128, 0x6742_5A03_6502_61BF),
    (129, 0xC664_BF33_11C6_ABC4),
    (130, 0xA620_CBBC_569E_EEAB),
    (159, 0x46E7_DC05_354E_FBB8),
    (160, 0xD70D_EA8D_E694_B883),
    (200, 0x746C_D002_5327_BF5B),
    (239, 0x1D86_1931_C1F3_CAFA),
    (240, 0x6455_6DC6_B462_A6CF),
    (241, 0x8BEA_DD3A_8874_FE17),
    (255, 0xB67B_6637_A76E_6C39),
    (256, 0x3C38_817F_6D79_C0DA),
    (511, 0xE3FC_A5C9_7AA7_2E1B),
    (512, 0xF582_02B8_D901_9D1D),
    (1023, 0xD269_86A0_B85D_CC44),
    (1024, 0x9B81_661C_641C_72B1),
    (1025, 0x806C_2072_ED71_3576),
    (1087, 0x0D05_8F8D_BD85_227E),
    (1088, 0x2F87_81E0_1841_F0DA),
    (1089, 0x2A90_437F_E231_E7E8),
    (2047, 0xE36F_CECA_A2C0_ECBA),
    (2048, 0xABE6_0481_3BA6_2ED1),
    (2049, 0x55AE_D42C_9F15_54B6),
    (5000, 0x799A_ADDD_7339_581D),
  ]

  private func sample(_ byteCount: Int) -> [UInt8] {
    (0..<byteCount).map { UInt8(truncatingIfNeeded: 7 * $0 + 3) }
  }

  @Test(arguments: vectors)
  func hashesAreThoseOfTheSpecification(_ byteCount: Int, _ hash: UInt64) {
    #expect(XXH3.hash(sample(byteCount)) == hash)
  }

  @Test func everySetGivesTheSameHash() {
    for byteCount in Self.vectors.map(\.byteCount) + [100_000] {
      let bytes = GuardedBytes(sample(byteCount), alignment: 1)
      let span = unsafe RawSpan(_unsafeStart: bytes.start, byteCount: byteCount)
      for set in InstructionSet.available {
        #expect(XXH3.hash(span, on: set) == XXH3.hash(span, on: .portable), "\(byteCount) bytes, \(set.name)")
      }
    }
  }

  @Test func anyCutIntoUpdatesGivesTheSameHash() {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for byteCount in [0, 1, 64, 240, 241, 1000, 1024, 1025, 1088, 1100, 2048, 2049, 5000] {
      let bytes = sample(byteCount)
      for longest in [1, 70, 70, 300, 1024, 1025, 3000] {
        var state = XXH3()
        var start = 0
        while start < byteCount {
          let count = min(Int.random(in: 0...longest, using: &generator), byteCount - start)
          unsafe state.update(bytes.span.bytes.extracting(start..<(start + count)))
          start += count
        }
        #expect(state.value == XXH3.hash(bytes), "seed \(seed), \(byteCount) bytes")
      }
    }
  }

  @Test func aWordIsHashedAsItsBytes() {
    var state = XXH3()
    state.update(littleEndian: 0x0706_0504_0302_0100)
    #expect(state.value == XXH3.hash([0, 1, 2, 3, 4, 5, 6, 7]))
  }
}
