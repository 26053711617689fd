public import ByteStore
public import TensorModel

/// One HDF5 file: mapped, what it holds proved. It is described by `tare-hdf5`, a process of its own; its data is read here.
public final class HDF5File: Sendable {
  public let map: MappedFile
  public let header: HDF5Header
  let cache = HDF5ChunkCache()

  /// What errors name.
  public let path: String
  /// The part of the file on the disk that it is; nil for all of it.
  private let window: Range<Int>?
  /// Whether it lies in an archive.
  var isInArchive: Bool { window != nil }

  /// Opens the file at `path`, which every error names as its outermost context.
  /// - Parameters:
  ///   - window: the part of it that is an HDF5 file; nil for all of it. Offsets count from the start of the whole.
  ///   - shownPath: what errors name instead of `path`.
  /// - Throws: `missing` where it can't be read; `unsupported` where the program is not there that reads HDF5, or the file
  ///   is of a later version; else what the helper throws, and `HDF5Header`.
  public init(
    path: String, window: Range<Int>? = nil, shownAs shownPath: String? = nil, limits: Limits = Limits()
  ) throws(ModelError) {
    let map = try within(shownPath ?? path) { () throws(ModelError) in try MappedFile(path: path) }
    let place = window ?? 0..<map.byteCount
    header = try within(shownPath ?? path) { () throws(ModelError) in
      guard place.upperBound <= map.byteCount else { throw ModelError(.inputOutput, "changed while it was read") }
      let userBlockBytes = try map.withBytes(place) { (bytes) throws(ModelError) in try HDF5Signature.prove(bytes) }
      let catalogue = try HDF5Helper(path: path, byteCount: place.count, window: window).catalogue()
      // The helper opened it by its name.
      try map.demandUnchanged()
      return try HDF5Header(
        catalogue.moved(by: place.lowerBound), fileByteCount: place.upperBound,
        userBlockBytes: place.lowerBound + userBlockBytes, limits: limits)
    }
    self.path = shownPath ?? path
    self.window = window
    self.map = map
  }

  /// Another helper for the file, used by one thread.
  func makeHelper() throws(ModelError) -> HDF5Helper {
    try HDF5Helper(path: map.path, byteCount: window?.count ?? map.byteCount, window: window)
  }
}
