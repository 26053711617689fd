import TensorModel

/// A filter whose parameters are proved.
enum FilterStage: Hashable, Sendable {
  case deflate(level: Int)
  case shuffle(elementBytes: Int)
  case fletcher32
  case lzf
  case lz4
  case bitshuffle(Bitshuffle)
  case zstd(level: Int)
  /// One that isn't undone here.
  case unknown
  /// One whose parameters are none that it has. Files may hold such a filter, where every chunk's mask leaves it out: of two
  /// shuffles, the library gives the second no parameters, and skips it.
  case invalid(ModelError)

  init(_ filter: ChunkFilter) {
    do throws(ModelError) {
      self = try Self.proved(filter)
    } catch {
      self = .invalid(error)
    }
  }

  private static func proved(_ filter: ChunkFilter) throws(ModelError) -> FilterStage {
    switch filter.id {
    case ChunkFilter.deflate: .deflate(level: try filter.parameter(0, in: 0...9))
    case ChunkFilter.shuffle: .shuffle(elementBytes: try filter.parameter(0, in: 1...0x7FFF_FFFF))
    case ChunkFilter.fletcher32: .fletcher32
    case ChunkFilter.lzf: .lzf
    case ChunkFilter.lz4: .lz4
    case ChunkFilter.bitshuffle: .bitshuffle(try Bitshuffle(filter))
    case ChunkFilter.zstd: .zstd(level: filter.parameters.first.map { Int(Int32(bitPattern: $0)) } ?? 3)
    default: .unknown
    }
  }

  /// How many bytes `size` bytes have become when the filter was applied to them.
  func applied(to size: FilteredSize) -> FilteredSize {
    switch self {
    case .shuffle: size
    case .bitshuffle(let layout) where layout.codec == .none: size
    case .fletcher32: FilteredSize(byteCount: size.byteCount + Fletcher32Filter.checksumBytes, isExact: size.isExact)
    default: .compressed(size)
    }
  }
}

/// What is known of how many bytes there are at one place of a pipeline.
struct FilteredSize: Hashable, Sendable {
  /// How many, or how many at most.
  var byteCount: Int
  var isExact: Bool

  /// Behind a compressor: none makes anything much larger, and so don't several behind each other.
  static func compressed(_ size: FilteredSize) -> FilteredSize {
    size.isExact ? FilteredSize(byteCount: 2 * size.byteCount + 1 << 16, isExact: false) : size
  }

  func demand(_ found: Int) throws(ModelError) {
    guard isExact ? found == byteCount : found <= byteCount else {
      throw ModelError(.malformed, "expected \(isExact ? "" : "at most ")\(byteCount) bytes, found \(found)")
    }
  }
}

extension ChunkFilter {
  /// - Throws: `malformed` where there is no such parameter, or it lies outside of `range`.
  func parameter(_ index: Int, in range: ClosedRange<Int>) throws(ModelError) -> Int {
    guard index < parameters.count else {
      throw ModelError(.malformed, "filter \(id) has \(parameters.count) parameters, expected \(index + 1)")
    }
    let value = Int(parameters[index])
    guard range.contains(value) else {
      throw ModelError(
        .malformed,
        "filter \(id) has the parameter \(value), expected \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }
}
