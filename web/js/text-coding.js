// TextDecoder and TextEncoder for scopes without them, such as that of an audio worklet. They code the texts of options
// and errors, in UTF-8.

globalThis.TextDecoder ??= class {
  decode(bytes = new Uint8Array()) {
    let escaped = "";
    for (const byte of bytes) escaped += `%${byte.toString(16).padStart(2, "0")}`;
    return decodeURIComponent(escaped);
  }
};

globalThis.TextEncoder ??= class {
  encode(text = "") {
    const bytes = [];
    const escaped = encodeURIComponent(text);
    for (let i = 0; i < escaped.length; i++) {
      bytes.push(escaped[i] === "%" ? parseInt(escaped.slice(i + 1, (i += 2) + 1), 16) : escaped.charCodeAt(i));
    }
    return Uint8Array.from(bytes);
  }

  encodeInto(text, view) {
    const bytes = this.encode(text);
    view.set(bytes);
    return { read: text.length, written: bytes.length };
  }
};
