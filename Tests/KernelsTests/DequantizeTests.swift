import Foundation
import Kernels
import MemoryModel
import TensorModel
import Testing

@Suite struct DequantizeTests {
  /// Dequantises bytes at an odd address.
  private func expect(_ blocks: [UInt8], _ type: BlockType, become expected: [UInt32]) {
    let source = GuardedBytes(blocks, alignment: 1)
    let target = GuardedBytes(expected.count * 4, alignment: 4)
    unsafe Dequantize.floats(
      of: RawSpan(_unsafeStart: source.start, byteCount: source.count), type, into: target.start)
    let found = words(target.content, width: 4)
    if let place = expected.indices.first(where: { found[$0] != UInt64(expected[$0]) }) {
      let (elements, wanted) = (type.layout.elements, String(expected[place], radix: 16))
      Issue.record(
        """
        \(type.rawValue): element \(place % elements) of block \(place / elements) is \
        \(String(found[place], radix: 16)), expected \(wanted)
        """)
    }
    #expect(target.isIntact, "\(type.rawValue)")
  }

  @Test(.enabled(if: Peer.python != nil, "scripts/make-venv makes the Python that this needs"))
  func everyTypeGivesTheBitsOfTheReference() throws {
    let seed = UInt64.random(in: 0...UInt64(Int64.max))
    let folder = try Peer.folder("blocks-\(seed)")
    defer { Peer.remove(folder) }
    try Peer.run("make_blocks.py", folder.path, "\(seed)")
    for type in BlockType.allCases {
      let blocks = try Data(contentsOf: folder.appendingPathComponent("\(type.rawValue).blocks"))
      let numbers = try Data(contentsOf: folder.appendingPathComponent("\(type.rawValue).f32"))
      expect([UInt8](blocks), type, become: words([UInt8](numbers), width: 4).map { UInt32($0) })
    }
  }

  @Test func knownBlocksOfFourBits() {
    let codes: [UInt8] = [
      0x80, 0x91, 0xA2, 0xA2, 0xB3, 0xB3, 0xC4, 0xC4, 0xD5, 0xD5, 0xE6, 0xE6, 0xF7, 0xF7, 0xF8, 0x08,
    ]
    let halves = codes.map { Int($0 & 15) } + codes.map { Int($0 >> 4) }
    expect([0x00, 0x40] + codes, .q4_0, become: halves.map { (2 * Float($0 - 8)).bitPattern })
    expect([0x00, 0x40, 0x00, 0xC4] + codes, .q4_1, become: halves.map { (2 * Float($0) - 4).bitPattern })
    let fp4: [Float] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12]
    expect([129] + codes, .mxfp4, become: halves.map { (2 * fp4[$0]).bitPattern })
  }

  @Test func nothingBecomesNothing() { for type in BlockType.allCases { expect([], type, become: []) } }

  @Test func fieldsFillTheirBlocks() {
    for type in BlockType.allCases {
      let layout = type.layout
      var next = 0
      for field in layout.fields {
        #expect(field.offset == next, "\(type.rawValue) \(field.name)")
        next += field.byteCount
      }
      #expect(next == layout.byteCount)
      #expect(256 % layout.elements == 0)
      #expect(DType.named(type.rawValue) == DType(type))
    }
  }

  @Test func elementsOfPartsOfBlocksAreWidened() throws {
    var random = SeededRandom("parts of blocks")
    for type in BlockType.allCases {
      let (elements, size) = (type.layout.elements, type.layout.byteCount)
      let blocks = (0..<3 * size).map { _ in UInt8(truncatingIfNeeded: random.next() & 0x3F) }
      let all = unsafe BlockWidening.numbers(of: blocks.span.bytes, type).map(\.bitPattern)
      let widening = try #require(FloatWidening(DType(type)))
      for (first, last) in [
        (0, 3 * elements), (1, elements - 1), (elements - 1, 2 * elements + 1), (elements, elements),
      ] {
        var found = [Float](repeating: 1, count: 3 * elements)
        unsafe widening.widen(blocks.span.bytes, first..<last, into: &found)
        #expect(found[..<(last - first)].map(\.bitPattern) == Array(all[first..<last]), "\(type.rawValue)")
      }
    }
  }
}
