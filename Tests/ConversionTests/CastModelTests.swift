import Conversion
import MemoryModel
import TensorModel
import Testing

@Suite struct CastModelTests {
  /// 1, −0, a NaN with a payload, and a number that f16 lacks.
  private static let singles: [UInt32] = [0x3F80_0000, 0x8000_0000, 0xFFC1_2345, 0x4790_0000, 0x3800_0000]

  private static func model(_ chunkBytes: Int = ChunkGrid.defaultChunkBytes) -> MemoryModel {
    MemoryModel(
      [
        .init("w", .f32, [5], littleEndian(singles)), .init("i", .i32, [1], [1, 2, 3, 4]),
        .init("h", .f16, [2], [1, 0x7C, 0, 0x3C]), .init("codes", .f4, [2], [0x21]),
        .init("scalar", .f64, [], [0, 0, 0, 0, 0, 0, 0xF0, 0x3F]),
        .init("none", .f32, [0, 3], []),
      ], chunkBytes: chunkBytes)
  }

  @Test func floatsAreCastAndNothingElse() throws {
    let cast = try CastModel(Self.model(), to: .f16, NameFilter())
    #expect(cast.catalog.tensors.map(\.info.dtype) == [.f16, .i32, .f16, .f4, .f16, .f16])
    #expect(cast.castCount == 3)
    #expect(cast.blockTensors == ["codes"])
    #expect(try bytes(of: 0, cast) == [0, 0x3C, 0, 0x80, 0x09, 0xFE, 0, 0x7C, 0, 2])
    #expect(try bytes(of: 1, cast) == [1, 2, 3, 4])
    // A signalling NaN of the type that is asked for stays as it is.
    #expect(try bytes(of: 2, cast) == [1, 0x7C, 0, 0x3C])
    #expect(try bytes(of: 4, cast) == [0, 0x3C])
    #expect(try bytes(of: 5, cast) == [])
  }

  @Test func onlyChosenTensorsAreCast() throws {
    let cast = try CastModel(Self.model(), to: .bf16, NameFilter(excluding: [GlobPattern("w")]))
    #expect(cast.catalog.tensors.map(\.info.dtype) == [.f32, .i32, .bf16, .f4, .bf16, .bf16])
    #expect(try bytes(of: 0, cast) == littleEndian(Self.singles))
  }

  @Test(arguments: [1, 2, 3, 5, 7])
  func rangesMayBeginInsideAnElement(pieceBytes: Int) throws {
    let cast = try CastModel(Self.model(), to: .f64, NameFilter())
    #expect(try bytes(of: 0, cast, pieceBytes: pieceBytes) == bytes(of: 0, cast))
  }

  @Test func overflowCountsOnceHoweverOftenItIsRead() throws {
    let values = (0..<1000).map { $0 % 3 == 0 ? UInt32(0x4790_0000) : 0x3F80_0000 }
    let cast = try CastModel(MemoryModel([.init("w", .f32, [1000], littleEndian(values))]), to: .f16, NameFilter())
    let session = cast.makeSession()
    for range in [600..<900, 0..<500, 100..<1999, 0..<2000, 1998..<2000] {
      try session.withBytes(of: 0, range) { _ in }
    }
    #expect(cast.overflows.map(\.count) == [334])
    #expect(cast.overflows.map(\.tensor) == ["w"])
    _ = try bytes(of: 0, cast, pieceBytes: 13)
    #expect(cast.overflows.map(\.count) == [334])
  }

  @Test func chunksStayWithinTheLargest() throws {
    let wide = MemoryModel([.init("w", .f8e5m2, [4, 8 << 20], repeating: [0x3C])], chunkBytes: 8 << 20)
    let cast = try CastModel(wide, to: .f64, NameFilter())
    #expect(wide.grid(of: 0).largestChunkBytes == 8 << 20)
    #expect(cast.grid(of: 0).largestChunkBytes <= ChunkGrid.maximumChunkBytes)
    let narrow = try CastModel(Self.model(8), to: .bf16, NameFilter())
    #expect(narrow.grid(of: 0).count == Self.model(8).grid(of: 0).count)
  }

  @Test func repeatedBlockIsCastWithoutReading() throws {
    let model = MemoryModel([.init("w", .f32, [1 << 40], repeating: [0, 0, 0x80, 0x3F])])
    let cast = try CastModel(model, to: .f16, NameFilter())
    #expect(try cast.makeSession().repeatedBlock(of: 0, 0..<(2 << 40)) == [0, 0x3C])
    #expect(model.bytesRead == 0)
  }

  @Test(arguments: [DType.f4, .f8e8m0, .i8, .c64, .bool])
  func typeThatIsNoTargetIsRefused(dtype: DType) {
    let error = #expect(throws: ModelError.self) { try CastModel(Self.model(), to: dtype, NameFilter()) }
    #expect(error?.code == .unsupported)
  }
}
