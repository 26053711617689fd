import Kernels
import Testing

@Suite struct XXH64Tests {
  /// Hashes that another implementation gives for `sample`.
  static let vectors: [(byteCount: Int, hash: UInt64)] = [
    (0, 0xEF46_DB37_51D8_E999),
    (1, 0x1F25_C8D0_BC1F_4BB6),
    (3, 0x31D2_363F_52E5_64C9),
    (4, 0x9BB6_4B7D_66EE_9FDA),
    (5, 0xC760_8EFD_DB70_51FE),
    (7, 0x9A7B_1499_59CE_60D8),
    (8, 0xDAB9_9D95_C6F9_0092),
    (9, 0x170B_B6BF_975B_4C02),
    (12, 0xD52E_4078_33AF_5133),
    (15, 0x1B47_CB82_43CC_8E32),
    (16, 0x4348_5023_2B78_7BE2),
    (31, 0xA2AA_5F33_CC4A_6119),
    (32, 0x23C3_C17E_F790_FD97),
    (33, 0x50A7_CFC7_BA58_8784),
    (39, 0x880B_BEEA_606E_4B37),
    (40, 0xB620_306B_253D_76B6),
    (44, 0xA4B1_9436_AB40_EDB0),
    (63, 0x5E3E_54B4_31C7_493C),
    (64, 0x0EB6_4B3E_F6EE_B01F),
    (65, 0xA383_B724_B2BD_12F1),
    (100, 0xA61F_8D4C_170F_E531),
    (1000, 0x5F23_5FA0_33F1_A3FB),
  ]

  private func sample(_ byteCount: Int) -> [UInt8] {
    (0..<byteCount).map { UInt8(truncatingIfNeeded: 7 * $0 + 3) }
  }

  @Test(arguments: vectors)
  func hashesAreThoseOfTheSpecification(_ byteCount: Int, _ hash: UInt64) {
    #expect(XXH64.hash(sample(byteCount)) == hash)
  }

  @Test func textsHashAsPublished() {
    #expect(XXH64.hash(Array("a".utf8)) == 0xD24E_C4F1_A98C_6E5B)
    #expect(XXH64.hash(Array("abc".utf8)) == 0x44BC_2CF5_AD77_0999)
    #expect(XXH64.hash(Array("Nobody inspects the spammish repetition".utf8)) == 0xFBCE_A83C_8A37_8BF1)
  }

  @Test func anyCutIntoUpdatesGivesTheSameHash() {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for byteCount in [0, 1, 31, 32, 33, 64, 100, 1000] {
      let bytes = sample(byteCount)
      for _ in 0..<40 {
        var state = XXH64()
        var start = 0
        while start < byteCount {
          let count = min(Int.random(in: 0...70, using: &generator), byteCount - start)
          unsafe state.update(bytes.span.bytes.extracting(start..<(start + count)))
          start += count
        }
        #expect(state.value == XXH64.hash(bytes), "seed \(seed), \(byteCount) bytes")
      }
    }
  }

  @Test func aWordIsHashedAsItsBytes() {
    var state = XXH64()
    state.update(littleEndian: 0x0706_0504_0302_0100)
    #expect(state.value == XXH64.hash([0, 1, 2, 3, 4, 5, 6, 7]))
  }
}
