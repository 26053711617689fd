internal import MemoryModel
import Testing

@testable internal import Codecs

@Suite struct CRC32Tests {
  private func sum(_ bytes: [UInt8]) -> UInt32 {
    var sum = CRC32()
    sum.update(unsafe bytes.span.bytes)
    return sum.value
  }

  @Test func theCheckValueIsThatOfTheStandard() {
    #expect(sum(Array("123456789".utf8)) == 0xCBF4_3926)
  }

  @Test func piecesSumUpToTheWhole() {
    var random = SeededRandom("pieces")
    for _ in 0..<100 {
      let pieces = (0..<4).map { _ in random.bytes(Int.random(in: 0...300, using: &random)) }
      let gaps = (0..<4).map { _ in Int.random(in: 0...5000, using: &random) }
      var joined = CRC32()
      var whole: [UInt8] = []
      for (piece, gap) in zip(pieces, gaps) {
        joined.append(sum(piece), byteCount: piece.count)
        joined.appendZeros(gap)
        whole += piece + [UInt8](repeating: 0, count: gap)
      }
      #expect(joined.value == sum(whole))
    }
  }
}
