import Export
import Kernels
import MemoryModel
import TensorModel
import Testing

@Suite struct TensorExportTests {
  typealias Tensor = MemoryModel.Tensor

  private func export(
    _ tensor: Tensor, rows: String? = nil, as format: TensorExport.Format, chunkBytes: Int = 1 << 20
  ) throws(ModelError) -> [UInt8] {
    let model = MemoryModel([tensor], chunkBytes: chunkBytes)
    var range: RowRange?
    if let rows { range = try RowRange(rows) }
    let export = try TensorExport(model, tensor: 0, rows: range, as: format)
    let sink = MemorySink()
    try export.write(to: sink)
    #expect(export.byteCount == nil || export.byteCount == sink.bytes.count)
    return sink.bytes
  }

  private func text(_ tensor: Tensor, rows: String? = nil, chunkBytes: Int = 1 << 20) throws(ModelError) -> String {
    String(decoding: try export(tensor, rows: rows, as: .text, chunkBytes: chunkBytes), as: UTF8.self)
  }

  @Test(arguments: DType.all) func rawRowsAreTheStoredBytesWhateverTheGrid(dtype: DType) throws {
    var random = SeededRandom("raw")
    let columns = 3 * dtype.blockElements
    let rowBytes = 2 * 3 * dtype.blockBytes
    let bytes = random.bytes(5 * rowBytes)
    let tensor = Tensor("x", dtype, [5, 2, columns], bytes)
    for chunkBytes in [1, rowBytes, 3 * rowBytes - 1, 1 << 20] {
      for start in 0...5 {
        for end in start...5 {
          let rows = try export(tensor, rows: "\(start):\(end)", as: .raw, chunkBytes: chunkBytes)
          #expect(rows == Array(bytes[(start * rowBytes)..<(end * rowBytes)]))
        }
      }
      #expect(try export(tensor, as: .raw, chunkBytes: chunkBytes) == bytes)
    }
  }

  @Test(arguments: BlockType.allCases) func blocksAreWrittenAsTheirNumbers(_ type: BlockType) throws {
    var random = SeededRandom("numbers of \(type.rawValue)")
    let (elements, blocks) = (type.layout.elements, random.blocks(type, 12))
    let numbers = unsafe BlockWidening.numbers(of: blocks.span.bytes, type)
    let floats = numbers.flatMap { number in
      (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> UInt32(8 * $0)) }
    }
    let tensors = (
      Tensor("x", DType(type), [6, 2 * elements], blocks), Tensor("x", .f32, [6, 2 * elements], floats)
    )
    for rows in [nil, "0:1", "2:5", "6:6"] {
      for format in [TensorExport.Format.npy, .text] {
        let expected = try export(tensors.1, rows: rows, as: format)
        #expect(try export(tensors.0, rows: rows, as: format, chunkBytes: type.layout.byteCount) == expected)
        #expect(try export(tensors.0, rows: rows, as: format) == expected)
      }
    }
    #expect(try export(tensors.0, rows: "1:3", as: .raw) == Array(blocks[(2 * blocks.count / 12)..<(blocks.count / 2)]))
  }

  @Test func rowsReadNoMoreThanTheyNeed() throws {
    let model = MemoryModel([Tensor("x", .u8, [100, 10], [UInt8](repeating: 1, count: 1000))], chunkBytes: 100)
    try TensorExport(model, tensor: 0, rows: RowRange("15:37"), as: .npy).write(to: MemorySink())
    #expect(model.bytesRead == 220)
  }

  @Test func textIsOneLinePerRowOfTheLastDimension() throws {
    #expect(try text(Tensor("x", .i8, [2, 1, 3], [1, 2, 3, 0xFF, 0x80, 0])) == "1 2 3\n-1 -128 0\n")
    #expect(try text(Tensor("x", .u16, [3], [1, 0, 0, 1, 0xFF, 0xFF]), chunkBytes: 2) == "1 256 65535\n")
    #expect(try text(Tensor("x", .bool, [], [1])) == "1\n")
    #expect(try text(Tensor("x", .u8, [3, 0], [])) == "")
    #expect(try text(Tensor("x", .u64, [1], [UInt8](repeating: 0xFF, count: 8))) == "18446744073709551615\n")
  }

  @Test func textHasTheShortestDecimalsThatReadBack() throws {
    let words: [UInt16] = [0x3F80, 0x3DCD, 0x8000, 0x7F80, 0xFF80, 0xFFC1, 0x0001]
    let bytes = words.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    #expect(try text(Tensor("x", .bf16, [7], bytes)) == "1.0 0.100097656 -0.0 inf -inf nan 9.1835e-41\n")
    #expect(try text(Tensor("x", .f16, [2], [0x66, 0x2E, 0x01, 0xFE])) == "0.1 nan\n")
    #expect(try text(Tensor("x", .f8e4m3, [3], [0x7E, 0xFF, 0x01])) == "448.0 nan 0.001953125\n")
    #expect(try text(Tensor("x", .f8e8m0, [2], [0x00, 0xFF])) == "5.877472e-39 nan\n")
    #expect(try text(Tensor("x", .f4, [4], [0xF2, 0x81])) == "1.0 -6.0 0.5 -0.0\n")
    #expect(
      try text(Tensor("x", .c64, [1], [0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0])) == "1.0-2.5j\n")
  }

  @Test func textReadsBackAsTheSameBits() throws {
    var random = SeededRandom("decimals")
    let words = (0..<2000).map { _ in Double(bitPattern: random.next()) }.filter { !$0.isNaN }
    let bytes = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word.bitPattern >> UInt64(8 * $0)) } }
    let lines = try text(Tensor("x", .f64, [words.count, 1], bytes), chunkBytes: 100).split(separator: "\n")
    #expect(lines.map { Double($0)?.bitPattern } == words.map(\.bitPattern))
    let singles = words.map { Float(bitPattern: UInt32(truncatingIfNeeded: $0.bitPattern)) }.filter { !$0.isNaN }
    let singleBytes = singles.flatMap { word in
      (0..<4).map { UInt8(truncatingIfNeeded: word.bitPattern >> UInt32(8 * $0)) }
    }
    let singleLines = try text(Tensor("x", .f32, [singles.count, 1], singleBytes)).split(separator: "\n")
    #expect(singleLines.map { Float($0)?.bitPattern } == singles.map(\.bitPattern))
  }

  @Test func rowsOfSubByteTypesMayBeginInsideAByteExceptRaw() throws {
    let tensor = Tensor("x", .f4, [4, 1], [0x21, 0x43])
    #expect(try text(tensor, rows: "1:4") == "1.0\n1.5\n2.0\n")
    #expect(try text(tensor, rows: "1:2", chunkBytes: 1) == "1.0\n")
    #expect(try export(tensor, rows: "2:", as: .raw) == [0x43])
    let error = #expect(throws: ModelError.self) { try self.export(tensor, rows: "1:3", as: .raw) }
    #expect(error?.code == .usage)
    #expect(error?.description == "tensor 'x': these rows of F4 begin or end inside a byte")
  }

  @Test(arguments: ["", "1", "a:b", "-1:2", "1:-1", "1:2:3", "+1:2", " 1:2", "99999999999999999999:"])
  func rowsThatAreNoRangeAreRefused(rows: String) {
    #expect(throws: ModelError(.usage, "rows '\(rows)', expected A:B, A: or :B with row numbers from 0")) {
      try RowRange(rows)
    }
  }

  @Test(arguments: ["3:2", "0:6", "6:", "6:6"]) func rowsOutsideTheTensorAreRefused(rows: String) throws {
    let error = #expect(throws: ModelError.self) {
      try self.export(Tensor("x", .u8, [5], [1, 2, 3, 4, 5]), rows: rows, as: .raw)
    }
    #expect(error?.code == .usage)
  }

  @Test func aScalarHasNoRows() {
    #expect(throws: ModelError.self) { try self.export(Tensor("x", .u8, [], [1]), rows: "0:1", as: .raw) }
  }

  @Test func openEndsReachTheEdges() throws {
    let tensor = Tensor("x", .u8, [5], [1, 2, 3, 4, 5])
    #expect(try export(tensor, rows: ":2", as: .raw) == [1, 2])
    #expect(try export(tensor, rows: "3:", as: .raw) == [4, 5])
    #expect(try export(tensor, rows: ":", as: .raw) == [1, 2, 3, 4, 5])
    #expect(try export(tensor, rows: "5:", as: .raw) == [])
  }

  @Test func bytesWithoutAMeaningCanOnlyBeRaw() throws {
    let opaque = DType(name: "X", blockElements: 1, blockBytes: 3, values: .opaque)
    let tensor = Tensor("x", opaque, [12], [UInt8](repeating: 1, count: 36))
    #expect(try export(tensor, as: .raw).count == 36)
    let error = #expect(throws: ModelError.self) { try self.export(tensor, as: .npy) }
    #expect(error?.code == .unsupported)
  }

  @Test func theExtensionNamesTheFormat() {
    #expect(TensorExport.Format(path: "a.b/x.NPY") == .npy)
    #expect(TensorExport.Format(path: "x.bin") == .raw)
    #expect(TensorExport.Format(path: "x.txt") == .text)
    #expect(TensorExport.Format(path: "a.npy/x") == nil)
    #expect(TensorExport.Format(path: "npy") == nil)
  }

  @Test func damageStopsTheExport() {
    var tensor = Tensor("x", .u8, [10, 10], [UInt8](repeating: 1, count: 100))
    tensor.damage = 50..<51
    #expect(throws: ModelError.self) { try self.export(tensor, as: .raw, chunkBytes: 10) }
    #expect(throws: Never.self) { try self.export(tensor, rows: "6:", as: .raw, chunkBytes: 10) }
  }

  @Test func aTextOfManyChunksEqualsThatOfOne() throws {
    var random = SeededRandom("text")
    let tensor = Tensor("x", .f32, [100, 300], random.bytes(120_000))
    #expect(try text(tensor, chunkBytes: 500) == text(tensor))
    #expect(try text(tensor).split(separator: "\n").count == 100)
  }
}

/// Gathers what is written.
final class MemorySink: ByteSink {
  private(set) var bytes: [UInt8] = []

  func write(_ span: RawSpan) throws(ModelError) {
    for index in 0..<span.byteCount { bytes.append(unsafe span.unsafeLoad(fromByteOffset: index, as: UInt8.self)) }
  }
}
