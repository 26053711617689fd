import Containers
import TensorModel

/// What a packed file itself says of the files that it holds.
extension PackedFile {
  /// The metadata of a file that only its container's reader would find in its bytes; nil where it has none.
  func hiddenMetadata(
    of number: Int, _ reader: EntryReader, _ limits: Limits
  ) throws(ModelError) -> [MetadataEntry]? {
    try withNote(.metadata, of: number, reader, limits) { (text) throws(ModelError) in try MetadataText.parse(text) }
  }

  /// How those tensors of a file are read that no entry holds; nil where it has none.
  /// - Throws: `malformed` where a view does not fit the file, or has the name of another tensor of it.
  func views(of number: Int, _ reader: EntryReader, _ limits: Limits) throws(ModelError) -> HDF5Views? {
    try withNote(.views, of: number, reader, limits) { (text) throws(ModelError) in
      let views = try HDF5Views.parse(text, fileByteCount: index.files[number].byteCount, limits: limits)
      var names = NameIndex()
      for operation in index.files[number].operations where operation.isTensor {
        _ = names.insert(index.entries[operation.entry].info.name)
      }
      for info in views.infos where names.insert(info.name) != nil {
        throw ModelError(.malformed, "tensor '\(info.name)' is there twice")
      }
      return views
    }
  }

  private func withNote<Result>(
    _ note: PackedIndex.Note, of number: Int, _ reader: EntryReader, _ limits: Limits,
    _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result? {
    for case .note(note, let entry) in index.files[number].operations {
      return try within(path) { () throws(ModelError) in
        try within("the \(note) of a file") { () throws(ModelError) in
          let byteCount = index.entries[entry].info.byteCount
          guard byteCount <= limits.headerBytes else { throw ModelError(.malformed, "\(byteCount) bytes") }
          return try reader.withBytes(of: entry, 0..<byteCount) { (text) throws(ModelError) in
            do throws(ModelError) {
              return try body(text)
            } catch {
              throw error.inDecoded("them")
            }
          }
        }
      }
    }
    return nil
  }
}
