public import TensorModel

/// A value encoding that needs to know where in the tensor its elements lie, or what a base holds there, and so works on the whole chunk, those that
/// the mask leaves out included.
public protocol PositionalEncoding: Encoding {
  /// Whether elements of that type can be stored at all.
  func accepts(_ type: ElementType) -> Bool

  /// Appends the stage for those of `elements` that `split` keeps, or all; false, with nothing appended, where these
  /// elements are not of the kind that it can store.
  @unsafe func encode(
    _ elements: Elements, at place: ChunkPlace, split: ZeroSplit?, plan: TensorPlan, as number: Int,
    into chunk: ChunkWriter,
    _ workspace: EncodingWorkspace
  ) -> Bool

  /// Decodes exactly `target.count` bytes, +0 where the mask leaves elements out.
  /// - Parameter kept: the elements that `workspace.bitmap` keeps; nil where there is no mask.
  /// - Throws: `malformed` where the stage does not hold exactly that.
  @unsafe func decode(
    _ stage: StageReader, at place: ChunkPlace, kept: KeptElements?, into target: UnsafeMutableRawBufferPointer,
    _ workspace: DecodingWorkspace
  ) throws(ModelError)
}

/// What a decoded mask keeps.
public struct KeptElements: Hashable, Sendable {
  /// All elements of the chunk.
  public let elements: Int
  public let count: Int
  /// Bytes of an element.
  public let width: Int

  init(of elements: Int, count: Int, width: Int) {
    self.elements = elements
    self.count = count
    self.width = width
  }
}

extension PositionalEncoding {
  public var stage: EncodingStage { .value }
}
