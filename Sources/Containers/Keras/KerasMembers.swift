import ByteStore
import TensorModel

/// The members of an archive of Keras, of which nothing but the directory is read before it is asked for.
final class KerasMembers: Sendable {
  let map: MappedFile
  let weights: ZipMember
  private let archive: ZipArchive

  init(path: String, limits: Limits) throws(ModelError) {
    let map = try within(path) { () throws(ModelError) in try MappedFile(path: path) }
    let archive = try within(path) { () throws(ModelError) in
      try map.withBytes(0..<map.byteCount) { (bytes) throws(ModelError) in
        try ZipArchive.parse(bytes, limits: limits)
      }
    }
    let weights = try within(path) { () throws(ModelError) in try Self.weights(of: archive) }
    self.map = map
    self.archive = archive
    self.weights = weights
  }

  private static func weights(of archive: ZipArchive) throws(ModelError) -> ZipMember {
    if let member = archive[KerasFiles.weights] { return member }
    if archive[KerasFiles.numpyWeights] != nil {
      throw ModelError(.unsupported, "the weights lie in '\(KerasFiles.numpyWeights)', which is not read")
    }
    throw ModelError(.unsupported, "a ZIP archive without '\(KerasFiles.weights)', no model of Keras 3")
  }

  func texts(limit: Int) throws(ModelError) -> [MetadataEntry] {
    var entries: [MetadataEntry] = []
    for name in KerasFiles.texts {
      guard let member = archive[name] else { continue }
      entries.append(MetadataEntry(key: name, value: .string(try contents(of: member, limit: limit))))
    }
    return entries
  }

  func contents(of member: ZipMember, limit: Int = .max) throws(ModelError) -> [UInt8] {
    do throws(ModelError) {
      return try member.contents(in: map, limit: limit)
    } catch {
      throw error.inside("member '\(member.name)'").inside(map.path)
    }
  }

  /// The members that are neither weights nor description.
  var others: [ZipMember] {
    archive.members.filter { member in
      !([KerasFiles.weights] + KerasFiles.texts).contains { $0.utf8.elementsEqual(member.name.utf8) }
    }
  }

  /// The bytes of all members in the archive.
  var byteCount: Int { archive.members.reduce(0) { $0 + $1.range.count } }

  /// Reads every member, and returns those that are not what their checksums say.
  /// - Parameter progress: is told of bytes of the archive that were read.
  func damage(_ progress: (Int) -> Void) -> [ModelError] {
    var damage: [ModelError] = []
    for member in archive.members {
      do throws(ModelError) {
        try member.prove(in: map, progress)
      } catch {
        damage.append(error.inside("member '\(member.name)'").inside(map.path))
      }
    }
    return damage
  }
}
