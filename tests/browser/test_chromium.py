from playwright.sync_api import Browser


def test_the_browser_runs_scripts(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<p id=sum></p><script>document.getElementById('sum').textContent = 20 + 22</script>")
    assert page.text_content("#sum") == "42"
    page.close()
