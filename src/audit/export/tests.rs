use super::cell;

#[test]
fn a_cell_is_no_formula_and_gives_its_text_back() {
    for text in ["=1+1", "+1", "-1", "@a", "\tx", "\rx", "\n=x", "'", "''=x"] {
        assert_eq!(cell(text).strip_prefix('\''), Some(text));
    }
    for text in ["", "b1", "a=b", " =1", "1-2"] {
        assert_eq!(cell(text), text);
    }
}
