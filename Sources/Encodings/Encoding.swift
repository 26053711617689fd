public import TensorModel

/// One way to store (a part of) a chunk, known by its recorded id for ever.
public protocol Encoding: Sendable {
  /// The recorded id: lower-case letters and digits.
  var id: String { get }
  /// One line for `tare formats`.
  var summary: String { get }
  var stage: EncodingStage { get }
}

/// Which of a chunk's two stages an encoding is for.
public enum EncodingStage: String, Sendable {
  case mask
  case value
}

extension MaskEncoding {
  public var stage: EncodingStage { .mask }

  public func width(of stage: StageReader) throws(ModelError) -> Int { try stage.width() }
}

extension ValueEncoding {
  public var stage: EncodingStage { .value }
}

/// Separates zeros from the elements that a value stage stores.
public protocol MaskEncoding: Encoding {
  /// Appends the stage for elements whose zeros are split already (`workspace.bitmap`, `workspace.signs`).
  @unsafe func encode(_ split: ZeroSplit, as number: Int, into chunk: ChunkWriter, _ workspace: EncodingWorkspace)

  /// Bytes of an element, which the parameters say.
  func width(of stage: StageReader) throws(ModelError) -> Int

  /// Fills `workspace.bitmap` for `elements` elements; returns how many are stored.
  /// - Throws: `malformed` where the stage does not describe exactly that many elements.
  func decode(
    _ stage: StageReader, elements: Int, _ workspace: DecodingWorkspace
  ) throws(ModelError) -> Int
}

/// Stores elements.
public protocol ValueEncoding: Encoding {
  /// Whether elements of that type can be stored at all.
  func accepts(_ type: ElementType) -> Bool

  /// Appends the stage for `elements`, of which there is at least one; false, with nothing appended, where these
  /// elements are not of the kind that it can store.
  @unsafe func encode(
    _ elements: Elements, shared: SharedStreams, as number: Int, into chunk: ChunkWriter,
    _ workspace: EncodingWorkspace
  ) -> Bool

  /// Decodes exactly `target.count` bytes.
  /// - Throws: `malformed` where the stage does not hold exactly that.
  @unsafe func decode(
    _ stage: StageReader, shared: SharedStreams, into target: UnsafeMutableRawBufferPointer,
    _ workspace: DecodingWorkspace
  ) throws(ModelError)
}

/// The streams that all chunks of an entry share, decoded.
public struct SharedStreams: Hashable, Sendable {
  /// Decoded bytes of all shared streams of an entry together.
  public static let maximumByteCount = 4 << 20

  public var streams: [[UInt8]]

  public init(_ streams: [[UInt8]] = []) { self.streams = streams }

  public static let none = SharedStreams()
}

/// A chunk's zeros set apart, as `ZeroMask.split` leaves them in a workspace.
@unsafe public struct ZeroSplit {
  public let elements: Int
  public let stored: Int
  public let width: Int
  public let bitmap: UnsafePointer<UInt8>
  /// The signs of the zeros, one bit each; empty where all are +0.
  public let signs: UnsafeRawBufferPointer

  public var bitmapBytes: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: bitmap, count: (elements + 7) / 8)
  }

  /// The split of zeros that are all taken for +0.
  var withoutSigns: ZeroSplit {
    unsafe ZeroSplit(
      elements: elements, stored: stored, width: width, bitmap: bitmap,
      signs: UnsafeRawBufferPointer(start: nil, count: 0))
  }

  /// An eighth of the elements, from the middle, without signs; all of a few.
  var sample: ZeroSplit {
    let isLong = unsafe elements >= 65536
    let count = unsafe isLong ? elements / 8 : elements
    return unsafe ZeroSplit(
      elements: count, stored: min(stored, count), width: width, bitmap: bitmap + (isLong ? elements / 16 : 0),
      signs: UnsafeRawBufferPointer(start: nil, count: 0))
  }
}
