public import ByteStore
public import TensorModel

/// One safetensors file: mapped, its header proved.
public final class SafetensorsFile: Sendable {
  public let map: MappedFile
  public let header: SafetensorsHeader

  public var path: String { map.path }

  /// Opens the file at `path`, which every error names as its outermost context.
  /// - Throws: `missing` where it can't be read, else what `SafetensorsHeader.parse` throws.
  public init(path: String, limits: Limits = Limits()) throws(ModelError) {
    let map = try within(path) { () throws(ModelError) in try MappedFile(path: path) }
    header = try within(path) { () throws(ModelError) in
      try map.withBytes(0..<map.byteCount) { bytes throws(ModelError) in
        var header = try SafetensorsHeader.parse(bytes, fileByteCount: bytes.byteCount, limits: limits)
        if let tensor = header.metadataTensor {
          let range = header.tensors[tensor].range
          try header.readMetadata(bytes.extracting(range), origin: range.lowerBound)
        }
        return header
      }
    }
    self.map = map
  }

  /// Whether a file that starts with `start` means to be safetensors: a length within the limit, then an object. It may
  /// still break every other rule, or be cut off.
  /// - Parameter start: the first bytes, 4096 or more where the file has them.
  public static func recognises(_ start: RawSpan, limits: Limits = Limits()) -> Bool {
    guard start.byteCount > 8, SafetensorsHeader.headerByteCount(start) <= limits.headerBytes else { return false }
    return JSONScanner.beginsObject(start.extracting(8..<start.byteCount))
  }
}

extension JSONScanner {
  /// Whether the first sign behind whitespace is `{`.
  static func beginsObject(_ bytes: RawSpan) -> Bool {
    var scanner = JSONScanner(bytes)
    scanner.skipWhitespace()
    return scanner.starts(with: "{")
  }
}
