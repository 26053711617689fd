import HDF5Protocol
import TensorModel

/// How a list of metadata stands in an HDF5 file (`formats/hdf5.md`, "Attributes").
enum HDF5OutputMetadata {
  /// The root's attribute that holds the list where attributes alone would not give it back.
  static let key = "tare.metadata"
  /// A name shares the room of a message with the elements.
  private static let longestName = 1_024

  /// Gives the objects of a tree their attributes, and sorts it.
  /// - Returns: the list that a reader of the file gets.
  /// - Throws: `malformed` where a key comes twice, `unsupported` where the list is too large.
  static func place(_ list: [MetadataEntry], in tree: inout HDF5OutputTree) throws(ModelError) -> [MetadataEntry] {
    var keys = NameIndex()
    for entry in list {
      guard keys.insert(entry.key) == nil else {
        throw ModelError(.malformed, "key '\(entry.key)' of the metadata comes twice")
      }
      // The name is taken for what may come below.
      guard entry.key != key, HDF5OutputAttribute(entry.value) != nil, let place = HDF5Key.parse(entry.key),
        (1...longestName).contains(place.attribute.utf8.count), !place.attribute.utf8.contains(0)
      else { continue }
      _ = tree.add(entry.value, named: place.attribute, to: place.path)
    }
    tree.sort()
    guard attributes(of: tree) != list else { return list }
    let text = MetadataText.write(list)
    guard text.count <= HDF5Limits.attributeBytes else {
      throw ModelError(
        .unsupported, "metadata of \(text.count) bytes, HDF5 files have at most \(HDF5Limits.attributeBytes) here")
    }
    _ = tree.add(.string(text), named: key, to: "")
    tree.sort()
    return list
  }

  /// What stands in a sorted tree, in the order in which a reader meets it.
  static func attributes(of tree: HDF5OutputTree) -> [MetadataEntry] {
    var list: [MetadataEntry] = []
    tree.walk { path, node in
      for attribute in node.attributes {
        let name = String(decoding: attribute.name, as: UTF8.self)
        list.append(MetadataEntry(key: HDF5Key.of(name, path: path), value: attribute.value))
      }
    }
    return list
  }

  /// The list that a file's attributes are, in the order in which they are walked.
  /// - Throws: `malformed` where one of them holds a list and is no such text, or another is no copy of what the list has
  ///   under its key.
  static func joined(_ attributes: [MetadataEntry]) throws(ModelError) -> [MetadataEntry] {
    guard let place = attributes.firstIndex(where: { $0.key == key }) else { return attributes }
    guard case .string(let text) = attributes[place].value else {
      throw ModelError(.malformed, "attribute '\(key)' is no text")
    }
    let list = try within("attribute '\(key)'") { () throws(ModelError) in
      try MetadataText.parse(unsafe text.span.bytes)
    }
    var keys = NameIndex()
    for entry in list { _ = keys.insert(entry.key) }
    var joined = list
    for (number, entry) in attributes.enumerated() where number != place {
      guard let known = keys[entry.key] else {
        joined.append(entry)
        continue
      }
      guard list[known].value == entry.value else {
        throw ModelError(.malformed, "attribute '\(entry.key)' is not what '\(key)' says it is")
      }
    }
    return joined
  }
}
