public import TensorModel

/// What was found of one model, or of two, so that somebody else can check it later (`formats/certificate.md`).
public struct Certificate: Hashable, Sendable {
  /// One model: its container, the digests of its files, and those of its tensors.
  public struct Model: Hashable, Sendable {
    /// The name of its file or folder, without the folders around it.
    public var name: String
    public var format: String
    public var files: FileDigests
    public var values: ValueDigests

    public init(name: String, format: String, files: FileDigests, values: ValueDigests) {
      self.name = name
      self.format = format
      self.files = files
      self.values = values
    }
  }

  /// What is recorded of comparing two models.
  public struct Comparison: Hashable, Sendable {
    public var verdict: Verdict
    public var tolerance: Tolerance
    /// The rules by which A's tensors got B's names.
    public var renaming: [RenameRule]
    public var b: Model

    public init(verdict: Verdict, tolerance: Tolerance, renaming: [RenameRule], b: Model) {
      self.verdict = verdict
      self.tolerance = tolerance
      self.renaming = renaming
      self.b = b
    }
  }

  /// The version of the format that this build writes and reads.
  static let version = 1

  /// The version of the tool that found it.
  public var tool: String
  public var a: Model
  /// Nil where one model was checked, and found intact.
  public var comparison: Comparison?

  public init(tool: String, a: Model, comparison: Comparison? = nil) {
    self.tool = tool
    self.a = a
    self.comparison = comparison
  }

  /// The models by the keys that they have.
  var models: [(key: String, model: Model)] { [("a", a)] + (comparison.map { [("b", $0.b)] } ?? []) }

  /// What was found: the verdict of a comparison, or `intact`.
  var verdict: String { comparison?.verdict.rawValue ?? CheckReport.Verdict.intact.rawValue }
}

extension Certificate {
  /// The certificate as it is written: one JSON document and a line end.
  public func json() -> String {
    var text = JSONText()
    text.object { text in
      text.integer("tare_certificate", Self.version)
      text.string("tare", tool)
      text.string("verdict", verdict)
      if let comparison {
        text.string("tolerance", comparison.tolerance.description)
        text.array("renames", inline: true) { text in
          for rule in comparison.renaming { text.string(nil, rule.description) }
        }
      }
      for (key, model) in models { model.write(to: &text, key) }
    }
    return text.text + "\n"
  }
}

extension Certificate.Model {
  fileprivate func write(to text: inout JSONText, _ key: String) {
    text.object(key) { text in
      text.string("name", name)
      text.string("format", format)
      text.array("files") { text in
        for file in files.files {
          text.object { text in
            text.string("path", file.path)
            text.integer("bytes", file.byteCount)
            text.string("sha256", file.sha256.description)
          }
        }
      }
      text.string("values_sha256", values.sha256.description)
      text.array("tensors") { text in
        for tensor in values.tensors {
          text.object { text in
            text.string("name", tensor.name)
            text.string("dtype", tensor.dtype)
            text.array("shape", inline: true) { text in
              for dimension in tensor.shape { text.integer(nil, dimension) }
            }
            text.string("sha256", tensor.sha256.description)
          }
        }
      }
    }
  }
}
