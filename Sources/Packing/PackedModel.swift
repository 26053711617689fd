public import Containers
public import TensorModel

/// The tensors of a packed file as a model: what the packed model held, whatever its files were.
public final class PackedModel: ContainerReader {
  public let file: PackedFile
  public let catalog: Catalog
  /// Per tensor of the catalog, the entry that holds its bytes.
  let holders: [Int]
  private let aliases: Set<Int>

  public var formatName: String { "tare" }
  public var path: String { file.path }
  /// Bytes of the files that are packed.
  public var byteCount: Int { file.byteCount }

  /// - Throws: what opening a packed file throws, and `malformed` where the header of a packed container does not fit its
  ///   tensors.
  public init(_ file: PackedFile, limits: Limits = Limits()) throws(ModelError) {
    self.file = file
    var files: [Catalog.File] = []
    var tensors: [Catalog.Entry] = []
    var holders: [Int] = []
    var aliases: Set<Int> = []
    let reader = EntryReader(file)
    for (number, packed) in file.index.files.enumerated() where !packed.container.isEmpty {
      let header = try Self.header(of: number, file, reader, limits)
      let metadataTensor = header?.metadataTensor.map { header!.tensors[$0].range }
      var offset = 0
      for operation in packed.operations {
        let range = offset..<(offset + operation.byteCount(in: file.index.entries))
        offset = range.upperBound
        guard case .tensor(let number) = operation, range != metadataTensor else { continue }
        let entry = file.index.entries[number]
        tensors.append(Catalog.Entry(info: entry.info, file: files.count, offset: range.lowerBound))
        if entry.role == .alias { aliases.insert(holders.count) }
        holders.append(entry.holder)
      }
      let path = packed.path.isEmpty ? splitPath(file.path).name : packed.path
      files.append(Catalog.File(path: path, byteCount: packed.byteCount, metadata: header?.metadata ?? []))
    }
    catalog = Catalog(files: files, tensors: tensors)
    self.holders = holders
    self.aliases = aliases
  }

  /// The containers of those packed files that hold tensors, in order.
  public var containerNames: [String] { file.index.files.map(\.container).filter { !$0.isEmpty } }

  /// Whether the tensor's bytes are stored under another name.
  func isAlias(_ tensor: Int) -> Bool { aliases.contains(tensor) }

  public func grid(of tensor: Int) -> ChunkGrid {
    // A damaged directory is reported when the tensor is read; until then any grid serves.
    (try? file.directory(of: holders[tensor]).grid) ?? ChunkGrid(catalog.tensors[tensor].info)
  }

  public func demandUnchanged() throws(ModelError) { try file.demandUnchanged() }

  public func makeSession() -> any TensorSession { PackedSession(self) }

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
