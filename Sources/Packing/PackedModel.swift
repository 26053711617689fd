public import Containers
public import TensorModel

/// The tensors of a packed file as a model: what the packed model held, whatever its files were.
public final class PackedModel: ContainerReader {
  public let file: PackedFile
  public let catalog: Catalog
  /// Per tensor of the catalog.
  let tensors: [PackedTensor]
  /// Per packed file that has any.
  let views: [Int: HDF5Views]

  public var formatName: String { "tare" }
  public var path: String { file.path }
  /// Bytes of the files that are packed.
  public var byteCount: Int { file.byteCount }

  /// - Throws: what opening a packed file throws, and `malformed` where the header of a packed container does not fit its
  ///   tensors.
  public init(_ file: PackedFile, limits: Limits = Limits()) throws(ModelError) {
    self.file = file
    var files: [Catalog.File] = []
    var entries: [Catalog.Entry] = []
    var tensors: [PackedTensor] = []
    var views: [Int: HDF5Views] = [:]
    let reader = EntryReader(file)
    for (number, packed) in file.index.files.enumerated() where !packed.container.isEmpty {
      var placed = Self.tensors(of: number, file.index)
      var metadata: [MetadataEntry] = []
      if packed.container == "gguf" {
        let header = try Self.ggufHeader(of: number, file, limits)
        placed = try within(file.path) { () throws(ModelError) in
          try PackedTensor.list(header, file: number, entries: placed)
        }
        metadata = header.metadata
      } else if let header = try Self.header(of: number, file, reader, limits) {
        if let range = header.metadataTensor.map({ header.tensors[$0].range }) {
          placed.removeAll { $0.offset == range.lowerBound && $0.tensor.info.byteCount == range.count }
        }
        metadata = header.metadata
      }
      if let text = try file.hiddenMetadata(of: number, reader, limits) { metadata = text }
      if let found = try file.views(of: number, reader, limits) {
        placed = PackedTensor.list(found, file: number, besides: placed)
        views[number] = found
      }
      entries += placed.map { offset, tensor in
        Catalog.Entry(info: tensor.info, file: files.count, offset: tensor.isInOnePiece ? offset : nil)
      }
      tensors += placed.map(\.tensor)
      let path = packed.path.isEmpty ? splitPath(file.path).name : packed.path
      files.append(Catalog.File(path: path, byteCount: packed.byteCount, metadata: metadata))
    }
    catalog = Catalog(files: files, tensors: entries)
    self.tensors = tensors
    self.views = views
  }

  /// The containers of those packed files that hold tensors, in order.
  public var containerNames: [String] { file.index.files.map(\.container).filter { !$0.isEmpty } }

  /// The tensors that file `number` is rebuilt from, by their place in it.
  private static func tensors(of number: Int, _ index: PackedIndex) -> [(offset: Int, tensor: PackedTensor)] {
    var tensors: [(offset: Int, tensor: PackedTensor)] = []
    var offset = 0
    var listed: Set<Int> = []
    for operation in index.files[number].operations {
      let entry = operation.entry
      // By boxes a tensor is used many times.
      if operation.isTensor, listed.insert(entry).inserted {
        let (info, holder) = (index.entries[entry].info, index.entries[entry].holder)
        let place: PackedTensor.Place = index.entries[entry].role == .alias ? .alias(of: holder) : .entry(holder)
        tensors.append((offset, PackedTensor(info: info, file: number, place: place)))
      }
      offset += operation.byteCount(in: index.entries)
    }
    return tensors
  }

  public func grid(of tensor: Int) -> ChunkGrid {
    if let (views, number) = view(of: tensor) { return views.grid(of: number) }
    // A damaged directory is reported when the tensor is read; until then any grid serves.
    return tensors[tensor].holder.flatMap { try? file.directory(of: $0).grid } ?? ChunkGrid(tensors[tensor].info)
  }

  /// How the packed file has it that was not made anew of its elements.
  public func storage(of tensor: Int) -> TensorStorage? {
    view(of: tensor).map { $0.storage(of: $1) }
  }

  /// The views that say how a tensor is read, and its number among them; nil where an entry holds it.
  func view(of tensor: Int) -> (HDF5Views, number: Int)? {
    guard case .view(let number) = tensors[tensor].place else { return nil }
    return (views[tensors[tensor].file]!, number)
  }

  public func demandUnchanged() throws(ModelError) { try file.demandUnchanged() }

  public func makeSession() -> any TensorSession { PackedSession(self) }

  /// The header of a packed GGUF file, from the bytes in front of its first tensor.
  private static func ggufHeader(
    of number: Int, _ file: PackedFile, _ limits: Limits
  ) throws(ModelError) -> GGUFHeader {
    let packed = file.index.files[number]
    var byteCount = 0
    for operation in packed.operations {
      guard case .bytes(_, let range) = operation, byteCount < limits.headerBytes else { break }
      byteCount += range.count
    }
    byteCount = min(byteCount, limits.headerBytes)
    // Where there are no tensors behind it, all of the file may be in front of us: most headers are short.
    var taken = min(byteCount, 1 << 20)
    while true {
      do throws(ModelError) {
        return try PackedFileReader(file).withBytes(of: number, 0..<taken) { (bytes) throws(ModelError) in
          try GGUFHeader.parse(bytes, fileByteCount: packed.byteCount, limits: limits)
        }
      } catch {
        guard taken < byteCount, error.code == .malformed else { throw error }
        taken = min(byteCount, taken * 8)
      }
    }
  }

  /// The header of a packed safetensors file, its metadata complete: it is a literal, and is parsed as what it is.
  private static func header(
    of number: Int, _ file: PackedFile, _ reader: EntryReader, _ limits: Limits
  ) throws(ModelError) -> SafetensorsHeader? {
    let packed = file.index.files[number]
    guard packed.container == "safetensors", case .bytes(let entry, let range)? = packed.operations.first else {
      return nil
    }
    var header = try within(file.path) { () throws(ModelError) in
      guard range.count <= limits.headerBytes + 8 else {
        throw ModelError(.malformed, "a header of \(range.count) bytes")
      }
      return try reader.withBytes(of: entry, range) { (bytes) throws(ModelError) in
        try SafetensorsHeader.parse(bytes, fileByteCount: packed.byteCount, limits: limits)
      }
    }
    guard let range = header.metadataTensor.map({ header.tensors[$0].range }) else { return header }
    try PackedFileReader(file).withBytes(of: number, range) { (bytes) throws(ModelError) in
      try header.readMetadata(bytes, origin: range.lowerBound)
    }
    return header
  }
}
