//! PostgreSQL's trees as it writes them (outfuncs.c): `{QUERY :commandType 1 :rtable ({…}) :returningList <>}`.

/// A node, a list, or anything else as a word.
#[derive(Debug)]
pub(crate) enum Node {
    Struct(String, Vec<(String, Node)>),
    List(Vec<Node>),
    Word(String),
}

impl Node {
    /// The list of trees that a function's body is.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = Words { text: text.as_bytes(), at: 0 };
        words.node()
    }

    /// Every node with its name, from the outermost to the innermost.
    pub(crate) fn visit<'n>(&'n self, seen: &mut impl FnMut(&'n str, &'n Node)) {
        match self {
            Node::Struct(name, fields) => {
                seen(name, self);
                fields.iter().for_each(|(_, field)| field.visit(seen));
            }
            Node::List(nodes) => nodes.iter().for_each(|node| node.visit(seen)),
            Node::Word(_) => {}
        }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Node> {
        match self {
            Node::Struct(_, fields) => fields.iter().find(|(field, _)| field == name).map(|(_, node)| node),
            Node::List(_) | Node::Word(_) => None,
        }
    }

    pub(crate) fn number(&self, name: &str) -> Option<u32> {
        match self.field(name)? {
            Node::Word(word) => word.parse().ok(),
            Node::Struct(..) | Node::List(_) => None,
        }
    }

    pub(crate) fn list(&self, name: &str) -> &[Node] {
        match self.field(name) {
            Some(Node::List(nodes)) => nodes,
            _ => &[],
        }
    }

    /// The members of a set such as `(b 8 9)`.
    pub(crate) fn set(&self, name: &str) -> Vec<u32> {
        let word = |node: &Node| match node {
            Node::Word(word) => word.parse().ok(),
            Node::Struct(..) | Node::List(_) => None,
        };
        self.list(name).iter().filter_map(word).collect()
    }
}

struct Words<'t> {
    text: &'t [u8],
    at: usize,
}

impl Words<'_> {
    fn node(&mut self) -> Option<Node> {
        match self.peek()? {
            b'{' => {
                self.at += 1;
                let name = self.word();
                let mut fields = Vec::new();
                while self.peek()? != b'}' {
                    let field = self.word().trim_start_matches(':').to_string();
                    let mut values = Vec::new();
                    while !matches!(self.peek()?, b':' | b'}') {
                        values.push(self.node()?);
                    }
                    let value = if values.len() == 1 { values.pop()? } else { Node::List(values) };
                    fields.push((field, value));
                }
                self.at += 1;
                Some(Node::Struct(name, fields))
            }
            b'(' => {
                self.at += 1;
                let mut nodes = Vec::new();
                while self.peek()? != b')' {
                    nodes.push(self.node()?);
                }
                self.at += 1;
                Some(Node::List(nodes))
            }
            _ => Some(Node::Word(self.word())),
        }
    }

    /// The next letter that is no blank.
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn word(&mut self) -> String {
        let mut word = Vec::new();
        self.peek();
        while let Some(byte) = self.text.get(self.at) {
            match byte {
                b'\\' => {
                    self.at += 1;
                    word.extend(self.text.get(self.at));
                }
                b'(' | b')' | b'{' | b'}' if word.is_empty() => {
                    self.at += 1;
                    return String::new();
                }
                b'(' | b')' | b'{' | b'}' => break,
                byte if byte.is_ascii_whitespace() => break,
                byte => word.push(*byte),
            }
            self.at += 1;
        }
        String::from_utf8_lossy(&word).into_owned()
    }
}
