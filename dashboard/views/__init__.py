"""The pages of the Streamlit app, one file per page, each drawn by one function."""
