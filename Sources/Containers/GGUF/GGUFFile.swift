public import ByteStore
public import TensorModel

/// One GGUF file: mapped, its header proved.
public final class GGUFFile: Sendable {
  public let map: MappedFile
  public let header: GGUFHeader

  public var path: String { map.path }

  /// How the file is cut.
  public var layout: FileLayout { header.layout(byteCount: map.byteCount) }

  /// Opens the file at `path`, which every error names as its outermost context.
  /// - Throws: `missing` where it can't be read, else what `GGUFHeader.parse` throws.
  public init(path: String, limits: Limits = Limits()) throws(ModelError) {
    let map = try within(path) { () throws(ModelError) in try MappedFile(path: path) }
    header = try within(path) { () throws(ModelError) in
      try map.withBytes(0..<map.byteCount) { bytes throws(ModelError) in
        try GGUFHeader.parse(bytes, fileByteCount: bytes.byteCount, limits: limits)
      }
    }
    self.map = map
  }
}
