import Containers
import Synchronization
import TensorModel

/// Checks the tensors of a packed file that are read through the bytes of its files: that what says how holds, and that
/// each can be decoded.
struct ViewCheck {
  private let packed: PackedFile

  init(_ packed: PackedFile) { self.packed = packed }

  /// The views of one file.
  private struct FileViews: Sendable {
    var file: Int
    var views: HDF5Views
  }

  /// - Returns: a finding per tensor, and one for each file whose views say nothing.
  func run(threads: Int, memory: Int) throws(ModelError) -> [PackedCheck.Finding] {
    var (files, findings) = ([FileViews](), [PackedCheck.Finding]())
    let reader = EntryReader(packed)
    for (number, file) in packed.index.files.enumerated() {
      do throws(ModelError) {
        guard let views = try packed.views(of: number, reader, Limits()) else { continue }
        files.append(FileViews(file: number, views: views))
      } catch {
        findings.append(.init(tensor: nil, file: file.path, elements: 0, failure: error))
      }
    }
    for views in files { findings += try check(views, threads: threads, memory: memory) }
    return findings
  }

  private func check(
    _ views: FileViews, threads: Int, memory: Int
  ) throws(ModelError) -> [PackedCheck.Finding] {
    let grids = views.views.infos.indices.map { views.views.grid(of: $0) }
    let items = ItemIndex(grids.map(\.count))
    // Per tensor the first damaged chunk, whichever worker comes upon it.
    let found = Mutex<[Int: (chunk: Int, error: ModelError)]>([:])
    try Pump.run(
      items: items.count,
      threads: WorkerBudget.decoders(
        threads, memory: memory, chunkBytes: grids.map(\.largestChunkBytes).max() ?? 0, base: packed.baseModel),
      makeWorker: { () throws(ModelError) in
        views.views.makeSession(PackedFileBytes(PackedFileReader(packed), file: views.file))
      },
      work: { (session, item) throws(ModelError) in
        let (tensor, chunk) = items[item]
        let range = grids[tensor].bytes(ofChunk: chunk)
        do throws(ModelError) {
          guard try session.repeatedBlock(of: tensor, range) == nil else { return }
          try session.withBytes(of: tensor, range) { _ in }
        } catch {
          guard error.code != .wrongBase else { throw error.inside(packed.path) }
          // What this build does not have is no damage.
          guard error.code != .unsupported else { return }
          found.withLock { if chunk < $0[tensor]?.chunk ?? .max { $0[tensor] = (chunk, error) } }
        }
        session.release(of: tensor, range)
      })
    let failures = found.withLock { $0 }
    return views.views.infos.enumerated().map { number, info in
      PackedCheck.Finding(
        tensor: info.name, file: packed.index.files[views.file].path, elements: info.elementCount,
        failure: failures[number]?.error)
    }
  }
}
