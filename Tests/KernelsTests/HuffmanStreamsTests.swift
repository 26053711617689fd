import Kernels
import MemoryModel
import Testing

@Suite struct HuffmanStreamsTests {
  /// A code of these lengths, from the longest to the shortest; the bytes are 0, 1, 2, …
  private static let codes: [[Int]] = [
    [1, 1], [2, 2, 1], [3, 3, 3, 3, 2, 2], [11, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1], [7, 7, 6, 5, 4, 3, 2, 1],
    [10, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1], [8, 8, 7, 6, 5, 4, 3, 2, 1],
  ]

  @Test func everySetWritesTheSameStreamsAndTheyReadBackwards() {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for lengths in Self.codes {
      let (table, values) = canonical(lengths)
      for count in lengthsAroundVectors + [999, 1000, 1001, 4096] where count >= 3 {
        let last = count - Int.random(in: 0...min(3, count), using: &generator)
        let source = (0..<(3 * count + last)).map { _ in UInt8.random(in: 0..<UInt8(lengths.count), using: &generator) }
        let parts = (0..<4).map { Array(source[($0 * count)..<($0 == 3 ? source.count : ($0 + 1) * count)]) }
        for set in InstructionSet.available {
          let streams = encode(source, count: count, last: last, table, longest: lengths[0], on: set)
          for (stream, part) in zip(streams, parts) {
            #expect(
              decode(stream, lengths: lengths, values: values) == part,
              "seed \(seed), \(count), \(lengths), \(set.name)")
          }
        }
      }
    }
  }

  private func encode(
    _ source: [UInt8], count: Int, last: Int, _ table: [UInt64], longest: Int, on set: InstructionSet
  ) -> [[UInt8]] {
    let from = GuardedBytes(source, alignment: 1)
    let stride = HuffmanStreams.bound(count)
    let to = GuardedBytes(4 * stride, alignment: 1)
    var sizes = [0, 0, 0, 0]
    unsafe table.withUnsafeBufferPointer { table in
      unsafe sizes.withUnsafeMutableBufferPointer { sizes in
        unsafe HuffmanStreams.encode4(
          from.source, count: count, lastCount: last, table: table.baseAddress!, longest: longest, into: to.bytes,
          stride: stride, sizes: sizes.baseAddress!, on: set)
      }
    }
    #expect(to.isIntact)
    return (0..<4).map { Array(to.content[($0 * stride)...].prefix(sizes[$0])) }
  }

  /// Codes in the order of RFC 8878: 0 is the first of the longest.
  private func canonical(_ lengths: [Int]) -> (table: [UInt64], values: [Int]) {
    var values: [Int] = []
    var next = 0
    for (index, length) in lengths.enumerated() {
      if index > 0 { next >>= lengths[index - 1] - length }
      values.append(next)
      next += 1
    }
    var table = [UInt64](repeating: 0, count: 256)
    for (byte, length) in lengths.enumerated() {
      table[byte] = HuffmanStreams.entry(code: UInt64(values[byte]), length: length)
    }
    return (table, values)
  }

  /// Reads from the last bit, a one, down to the first.
  private func decode(_ stream: [UInt8], lengths: [Int], values: [Int]) -> [UInt8] {
    var bits: [Int] = stream.flatMap { byte in (0..<8).map { Int(byte >> $0 & 1) } }
    while let bit = bits.popLast(), bit == 0 {}
    var bytes: [UInt8] = []
    while !bits.isEmpty {
      var (value, length) = (0, 0)
      while true {
        guard let bit = bits.popLast() else { return bytes }
        (value, length) = (value << 1 | bit, length + 1)
        if let byte = lengths.indices.first(where: { lengths[$0] == length && values[$0] == value }) {
          bytes.append(UInt8(byte))
          break
        }
      }
    }
    return bytes
  }
}

@Suite struct ByteHistogramTests {
  @Test func everyByteIsCountedOnce() {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for length in lengthsAroundVectors + [4097] {
      let bytes = GuardedBytes((0..<length).map { _ in UInt8.random(in: 0...3, using: &generator) &* 85 }, alignment: 1)
      var counts = [UInt32](repeating: 1, count: 256)
      unsafe counts.withUnsafeMutableBufferPointer {
        unsafe ByteHistogram.add(bytes.start, count: length, to: $0.baseAddress!)
      }
      let content = bytes.content
      for value in 0..<256 {
        let expected = 1 + content.count { Int($0) == value }
        #expect(Int(counts[value]) == expected, "seed \(seed), \(length), \(value)")
      }
    }
  }
}
