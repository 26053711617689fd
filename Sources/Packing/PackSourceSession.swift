import ByteStore
package import Containers
package import TensorModel

/// One worker's way to the bytes of a source's files, with whatever buffers that takes.
package final class PackSourceSession {
  private let source: PackSource
  private let buffer = ReadBuffer()
  /// Of the models behind images, by identity.
  private var sessions: [ObjectIdentifier: any TensorSession] = [:]
  /// Of packed folders, by identity.
  private var readers: [ObjectIdentifier: PackedFileReader] = [:]

  package init(_ source: PackSource) { self.source = source }

  /// Lends a range of a file's bytes. Of an image, it lies in the header or in one tensor.
  package func withBytes<Result>(
    of file: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    switch source.files[file].content {
    case .safetensors(let file): return try file.map.withBytes(range, through: buffer, body)
    case .model(let file, _, _): return try file.withBytes(range, through: buffer, body)
    case .image(let image):
      return try within(image.model.path) { () throws(ModelError) in
        try image.withBytes(range, session(of: image.model), body)
      }
    case .bytes(let bytes): return try body(unsafe bytes.span.bytes.extracting(range))
    case .packed(let packed, let number): return try reader(of: packed).withBytes(of: number, range, body)
    case .opaque(let path):
      return try within(path) { () throws(ModelError) in
        let map = try MappedFile(path: path)
        guard map.byteCount == source.files[file].byteCount else {
          throw ModelError(.inputOutput, "changed while it was read")
        }
        return try map.withBytes(range, through: buffer, body)
      }
    }
  }

  /// Gives back the memory of a range that was read.
  package func release(of file: Int, _ range: Range<Int>) {
    switch source.files[file].content {
    case .safetensors(let file): file.map.release(range)
    case .model(let file, _, _): file.release(range)
    case .image(let image): image.release(range, session(of: image.model))
    case .opaque, .bytes, .packed: break
    }
  }

  /// Lends a range of an entry's bytes, as they are before anything is done to them.
  func withBytes<Result>(
    of entry: PackLayout.Entry, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    switch entry.place {
    case .file(let whole):
      return try withBytes(
        of: entry.file, (whole.lowerBound + range.lowerBound)..<(whole.lowerBound + range.upperBound), body)
    case .values(let tensor): return try withValues(of: entry.file, tensor, range, body)
    case .bytes(let bytes): return try body(unsafe bytes.span.bytes.extracting(range))
    }
  }

  /// Lends a range of the elements of a tensor that lies in the file in another form.
  /// - Parameter tensor: its number in the model.
  func withValues<Result>(
    of file: Int, _ tensor: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    let model = model(of: file)
    return try within(model.path) { () throws(ModelError) in
      try session(of: model).withBytes(of: tensor, range, body)
    }
  }

  /// Gives back the memory of a range of an entry that was read.
  func release(of entry: PackLayout.Entry, _ range: Range<Int>) {
    switch entry.place {
    case .file(let whole):
      release(of: entry.file, (whole.lowerBound + range.lowerBound)..<(whole.lowerBound + range.upperBound))
    case .values(let tensor): session(of: model(of: entry.file)).release(of: tensor, range)
    case .bytes: break
    }
  }

  private func model(of file: Int) -> any ContainerReader {
    guard case .model(_, let model, _) = source.files[file].content else {
      preconditionFailure("only a model file has tensors in another form")
    }
    return model
  }

  /// The session of a model.
  package func session(of model: any ContainerReader) -> any TensorSession {
    let key = ObjectIdentifier(model)
    if let session = sessions[key] { return session }
    let session = model.makeSession()
    sessions[key] = session
    return session
  }

  private func reader(of packed: PackedFile) -> PackedFileReader {
    let key = ObjectIdentifier(packed)
    if let reader = readers[key] { return reader }
    let reader = PackedFileReader(packed)
    readers[key] = reader
    return reader
  }
}
