public import ByteStore
import Kernels
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

  /// How the file is cut: tensors that lie in it in one piece, as they are lent, and bytes between them. Of those that lie
  /// over each other the first is a tensor.
  public var layout: FileLayout {
    var tensors: [FileLayout.Tensor] = []
    var end = 0
    for (place, info) in places.sorted(by: { ($0.0, $1.1.byteCount) < ($1.0, $0.1.byteCount) }) where place >= end {
      tensors.append(FileLayout.Tensor(info: info, range: place..<(place + info.byteCount)))
      end = place + info.byteCount
    }
    return FileLayout(container: window == nil ? "hdf5" : "keras", byteCount: map.byteCount, tensors: tensors)
  }

  private var places: [(Int, TensorInfo)] {
    header.tensors.compactMap { tensor in
      guard !tensor.isSwapped || !ByteSwap.changes(tensor.info.dtype), tensor.info.byteCount > 0 else { return nil }
      return (tensor.offset ?? placeInHeader(tensor)).map { ($0, tensor.info) }
    }
  }

  /// Where the elements of a compact dataset lie in its header.
  private func placeInHeader(_ tensor: HDF5Tensor) -> Int? {
    guard case .bytes(let bytes) = tensor.storage, let address = Int(exactly: tensor.headerAddress),
      address < map.byteCount - header.userBlockBytes
    else { return nil }
    let start = address + header.userBlockBytes
    let window = start..<min(map.byteCount, start + Self.headerBytes)
    // Looking at the map fails with nothing.
    let place = try? map.withBytes(window) { HDF5CompactMessage.place(of: bytes, in: $0) }
    return place.flatMap { $0 }.map { start + $0 }
  }

  /// As far as a header may reach that holds elements: they are in one message, of 64 KiB at most.
  private static let headerBytes = 80 << 10
}
